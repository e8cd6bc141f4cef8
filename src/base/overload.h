// OverloadJudge: says when what waits in a queue has to be refused, by the time that it has waited.
//
// A queue's depth says little: a burst that is worked off at once is deep and harmless. What matters is whether even
// the luckiest has to wait. So overload begins when the *minimum* wait over an interval, taken as things leave the
// queue, exceeds the target, and ends when it falls below half of it; meanwhile what has waited longer than the target
// is refused, so that those who are served are served fresh. This is the idea of CoDel (RFC 8289: a standing queue is
// told from a passing one by the minimum sojourn time over 100 ms), with refusals in the place of drops spaced out in
// time: each of our clients is told, and none reads a drop as a signal to slow down.
//
// Whatever the load, nothing is served that has waited longer than the deadline.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/clock.h"

namespace ms {

// How long things may wait to be taken up. Any thread may change it while the queues run; thread-safe.
struct QueuePolicy {
  std::atomic<uint64_t> target_ns = 50 * kNanosPerMilli;
  std::atomic<uint64_t> deadline_ns = 1000 * kNanosPerMilli;
};

// Thread-safe; `policy` outlives it.
class OverloadJudge {
 public:
  static constexpr uint64_t kIntervalNs = 100 * kNanosPerMilli;

  explicit OverloadJudge(const QueuePolicy& policy) : policy_(policy) {}

  // Notes how long something had waited when it was taken up at `now_ns`. False: refuse it.
  bool admit(uint64_t wait_ns, uint64_t now_ns);

  bool is_overloaded() const { return is_overloaded_.load(std::memory_order_relaxed); }
  // How often overload began.
  uint64_t overloads() const { return overloads_.load(std::memory_order_relaxed); }
  const QueuePolicy& policy() const { return policy_; }

 private:
  void end_interval(uint64_t wait_min_ns);

  const QueuePolicy& policy_;
  std::atomic<uint64_t> interval_begin_ns_ = 0;
  std::atomic<uint64_t> wait_min_ns_ = 0;  // of the interval so far
  std::atomic<bool> is_overloaded_ = false;
  std::atomic<uint64_t> overloads_ = 0;
};

}  // namespace ms
