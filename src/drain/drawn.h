// Drawn: of an experiment's connections the ones that its file holds, a bounded number of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "drain/experiment.h"
#include "drain/timeline.h"

namespace ms::drain {

// A file of this many in each architecture is some 2 MB.
inline constexpr size_t kDrawnMax = 10'000;

struct Drawn {
  std::vector<Passage> passages;  // in the order of acceptance
  // Who was connected and gave up before anybody accepted it.
  std::vector<const load::Attempt*> strangers;
  size_t all = 0;  // how many there are of both, drawn or not
  // Whoever was accepted later and had a worker is not drawn. 0: all who had one are.
  uint64_t until_ns = 0;
};

// Who had a worker goes first, so that a worker that is drawn idle was idle: where these are too many, only the first
// of them. What is left of the room is shared out evenly among the rest, who waited and were refused or gave up. The
// pointers are into `seen`.
Drawn choose_drawn(const Observations& seen, size_t max = kDrawnMax);

}  // namespace ms::drain
