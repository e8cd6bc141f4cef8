#include "net/sweeper.h"

#include <algorithm>
#include <chrono>

#include "base/clock.h"

namespace ms::net {
namespace {

constexpr uint64_t kLookMs = 50;
constexpr uint64_t kHurriedLookMs = 10;
constexpr uint64_t kSweepMs = 500;
constexpr uint64_t kIdleGraceNs = ConnectionServer::kIdleGraceMs * kNanosPerMilli;
// A worker that has been idle for so long is not merely between two connections.
constexpr uint64_t kAtRestNs = 10 * kNanosPerMilli;

// Whether the connection is anyone's to take. Before the accept thread is done with it, only an event may: that comes
// after the kernel has it, and so nobody closes the descriptor under the accept thread's hands.
bool is_waiting(const Slot& slot) {
  return slot.phase.load(std::memory_order_acquire) == Phase::kLobby &&
         slot.enqueued_ns.load(std::memory_order_acquire) != 0;
}

}  // namespace

Sweeper::Sweeper(ServingContext& context, const std::vector<std::unique_ptr<Worker>>& workers)
    : context_(context),
      table_(context.queue.table()),
      workers_(workers),
      server_(context, 0),
      thread_("sweep", [this] { run(); }) {}

void Sweeper::hurry() {
  const MutexLock lock(mutex_);
  is_hurried_ = true;
  changed_.notify_all();
}

void Sweeper::stop() {
  {
    const MutexLock lock(mutex_);
    is_stopping_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

void Sweeper::run() {
  uint64_t swept_ns = monotonic_ns();
  while (wait()) {
    const uint64_t now_ns = monotonic_ns();
    looks_.add();
    switch (look_at_workers(now_ns)) {
      case Workers::kBusy:
        refuse_overdue();
        break;
      case Workers::kBetween:
        break;
      case Workers::kAtRest:
        context_.judge.admit(0, now_ns);
        break;
    }
    rest_ns_ = rest_ns(monotonic_ns() - now_ns);
    const bool is_stopping = context_.stop_begin_ns.load(std::memory_order_relaxed) != 0;
    if (!is_stopping && monotonic_ns() - swept_ns < kSweepMs * kNanosPerMilli) continue;
    sweep();
    swept_ns = monotonic_ns();
  }
}

bool Sweeper::wait() {
  MutexLock lock(mutex_);
  const uint64_t pause_ns = std::max((is_hurried_ ? kHurriedLookMs : kLookMs) * kNanosPerMilli, rest_ns_);
  const uint64_t until_ns = monotonic_ns() + pause_ns;
  const bool was_hurried = is_hurried_;
  while (!is_stopping_ && is_hurried_ == was_hurried) {
    const uint64_t now_ns = monotonic_ns();
    if (now_ns >= until_ns) break;
    changed_.wait_for(lock, std::chrono::nanoseconds(until_ns - now_ns));
  }
  return !is_stopping_;
}

void Sweeper::sweep() {
  const uint64_t now_ns = monotonic_ns();
  const uint64_t stop_begin_ns = context_.stop_begin_ns.load(std::memory_order_relaxed);
  const bool ends_idle = stop_begin_ns != 0 && now_ns >= stop_begin_ns + kIdleGraceNs;
  for (size_t i = 0; i < table_.end(); ++i) {
    const int fd = static_cast<int>(i);
    Slot& slot = table_.at(fd);
    if (!is_waiting(slot)) continue;
    const auto is_late = [&] { return slot.deadline_ns.load(std::memory_order_relaxed) <= now_ns; };
    if (!is_late() && !ends_idle) continue;
    if (!slot.try_take()) continue;
    // Asked again: between the look and the take a worker may have served it and given it a new deadline.
    if (is_late()) {
      server_.expire(fd, slot);
    } else {
      server_.end_if_idle(fd, slot, now_ns - kIdleGraceNs);
    }
  }
}

Sweeper::Workers Sweeper::look_at_workers(uint64_t now_ns) const {
  Workers workers = Workers::kBusy;
  for (const auto& worker : workers_) {
    const Activity& activity = worker->server().activity();
    if (activity.connection.load(std::memory_order_relaxed) != 0) continue;
    const uint64_t since_ns = activity.since_ns.load(std::memory_order_relaxed);
    if (now_ns > since_ns && now_ns - since_ns > kAtRestNs) return Workers::kAtRest;
    workers = Workers::kBetween;
  }
  return workers;
}

void Sweeper::refuse_overdue() {
  for (size_t fd = 0; fd < table_.end(); ++fd) {
    if (is_waiting(table_.at(static_cast<int>(fd)))) server_.refuse_if_overdue(static_cast<int>(fd));
  }
}

}  // namespace ms::net
