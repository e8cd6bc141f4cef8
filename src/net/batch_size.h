// How many events a worker takes at a time: one, and twice as many after each batch whose events were short, up to a
// bound; one again after a batch whose events were not. What a worker has taken waits for it alone, so where requests
// occupy workers for long, each takes only what it is about to do.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace ms::net {

class BatchSize {
 public:
  // A small write takes 5 to 10 us.
  static constexpr uint64_t kShortNs = 50'000;

  explicit BatchSize(size_t events_max) : events_max_(events_max) {}

  size_t events() const { return events_; }
  // That so many events, one at least, took so long together.
  void note(size_t events, uint64_t took_ns) {
    events_ = took_ns < events * kShortNs ? std::min(2 * events_, events_max_) : 1;
  }

 private:
  const size_t events_max_;
  size_t events_ = 1;
};

}  // namespace ms::net
