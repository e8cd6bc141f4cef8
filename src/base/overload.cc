#include "base/overload.h"

namespace ms {

bool OverloadJudge::admit(uint64_t wait_ns, uint64_t now_ns) {
  uint64_t begin_ns = interval_begin_ns_.load(std::memory_order_relaxed);
  const bool is_over = now_ns > begin_ns && now_ns - begin_ns >= kIntervalNs;
  if (is_over && interval_begin_ns_.compare_exchange_strong(begin_ns, now_ns, std::memory_order_relaxed)) {
    const uint64_t wait_min_ns = wait_min_ns_.exchange(wait_ns, std::memory_order_relaxed);
    // After a gap the last minimum says nothing, unless this one has waited all through it: then the queue stood.
    const uint64_t elapsed_ns = now_ns - begin_ns;
    const bool has_stood = elapsed_ns < 2 * kIntervalNs || wait_ns >= elapsed_ns - kIntervalNs;
    end_interval(has_stood ? wait_min_ns : 0);
  } else {
    uint64_t least = wait_min_ns_.load(std::memory_order_relaxed);
    while (wait_ns < least && !wait_min_ns_.compare_exchange_weak(least, wait_ns, std::memory_order_relaxed)) {
    }
  }
  if (wait_ns > policy_.deadline_ns.load(std::memory_order_relaxed)) return false;
  return !is_overloaded() || wait_ns <= policy_.target_ns.load(std::memory_order_relaxed);
}

void OverloadJudge::end_interval(uint64_t wait_min_ns) {
  const uint64_t target_ns = policy_.target_ns.load(std::memory_order_relaxed);
  if (is_overloaded()) {
    if (wait_min_ns < target_ns / 2) is_overloaded_.store(false, std::memory_order_relaxed);
  } else if (wait_min_ns > target_ns) {
    is_overloaded_.store(true, std::memory_order_relaxed);
    overloads_.fetch_add(1, std::memory_order_relaxed);
  }
}

}  // namespace ms
