// History: what an experiment looked like at any of its moments, as far as the stamps of both sides tell.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "drain/experiment.h"
#include "drain/timeline.h"

namespace ms::drain {

// The observations outlive it.
class History {
 public:
  using Passages = std::vector<const Passage*>;
  using Trio = std::array<const Passage*, 3>;

  explicit History(const Observations& seen);

  // Three connections that were accepted one right after the other and answered: of all such the ones of which most
  // were waiting when the first was accepted, and among those the ones that were accepted fastest.
  std::optional<Trio> find_trio() const;
  // When most workers were busy, and of those moments the one with the longest queue.
  uint64_t busiest_ns() const;
  // When the listen queue was deepest.
  DepthSample deepest() const;
  // The listen queue as it was last seen by then.
  std::optional<DepthSample> depth_at(uint64_t at_ns) const;

  // In the order of acceptance: whose client was connected by then, and who was accepted later; who was in our queue;
  // who was being served.
  Passages in_kernel(uint64_t at_ns) const;
  Passages in_queue(uint64_t at_ns) const;
  Passages in_service(uint64_t at_ns) const;
  // How many were accepted within half a second of then, per second.
  double drain_rate(uint64_t at_ns) const;

  size_t workers() const { return seen_.workers; }
  const Observations& seen() const { return seen_; }
  // "+1.234567 s" since the begin.
  std::string clock(uint64_t at_ns) const;

 private:
  const Observations& seen_;
  std::vector<Passage> passages_;
};

// Whether its client saw the handshake done by then.
bool is_connected(const Passage& passage, uint64_t at_ns);

}  // namespace ms::drain
