// Curves: how an experiment went over time, in even stretches of it, of all its clients: the curves of its file.
#pragma once

#include <cstdint>
#include <vector>

#include "drain/experiment.h"

namespace ms::drain {

// A stretch is 10 ms, or as much more as it takes for this many to be enough.
inline constexpr size_t kStretchesMax = 1000;

// Of each stretch, in order; all of one length.
struct Curves {
  uint64_t stretch_ns = 0;
  std::vector<uint64_t> offered;  // how many clients were due in it
  std::vector<uint64_t> accepted;
  std::vector<uint64_t> served;
  std::vector<uint64_t> refused;
  std::vector<uint64_t> timed_out;
  std::vector<uint64_t> listen_depth;  // the deepest that was seen in it
  std::vector<uint64_t> queue_length;  // of our queue, the longest
};

Curves trace_curves(const Observations& seen);

}  // namespace ms::drain
