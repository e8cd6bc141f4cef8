// DrainMeter: how fast a front door drains its listen queues, and how long that makes connections wait in them, from
// looks at its counters at even intervals.
//
// The wait is Little's law (J. D. C. Little, "A Proof for the Queuing Formula: L = lambda W", 1961): the mean number in
// the queue, over time, is the rate of those who pass it times their mean wait. It takes looks at even intervals:
// the accept loop's own, at the moments when somebody has come, would find a queue that is never empty.
//
// Synchronised by its caller.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace ms::net {

class DrainMeter {
 public:
  static constexpr uint64_t kLookEveryMs = 100;

  struct Look {
    uint64_t at_ns = 0;     // monotonic
    uint64_t accepted = 0;  // since the start
    uint64_t depth = 0;     // of all listen queues
  };

  // Over what the looks span, where that is less than asked for.
  struct Rates {
    double last_second = 0;       // connections a second
    double last_ten_seconds = 0;  // likewise
    // The mean wait over the last ten seconds; nothing where nobody was accepted.
    std::optional<double> mean_wait_ms;
  };

  void add(const Look& look);
  Rates rates() const;

 private:
  static constexpr size_t kSecond = 1000 / kLookEveryMs;
  static constexpr size_t kTenSeconds = 10 * kSecond;

  // The look before `steps` others; at most as many as there are.
  const Look& back(size_t steps) const { return looks_[(count_ - 1 - steps) % looks_.size()]; }
  double rate_over(size_t steps) const;
  double mean_depth_over(size_t steps) const;

  std::array<Look, kTenSeconds + 1> looks_;
  size_t count_ = 0;  // of looks so far
};

}  // namespace ms::net
