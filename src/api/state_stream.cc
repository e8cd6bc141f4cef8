#include "api/state_stream.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "base/clock.h"
#include "base/thread.h"

namespace ms::api {
namespace {

constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();
// From the begin of one state to that of the next, whoever asks for them: a little less than the period of the highest
// rate.
constexpr uint64_t kPauseNs = 40 * kNanosPerMilli;

uint64_t period_of(double rate) { return static_cast<uint64_t>(static_cast<double>(kNanosPerSecond) / rate); }

std::string write_event(std::string_view state) {
  std::string event = "event: state\ndata: ";
  event.reserve(event.size() + state.size() + 2);
  event += state;
  event += "\n\n";
  return event;
}

// Who is woken is parked until then, and so cannot have gone.
void wake(const std::vector<net::SessionWaker*>& wakers) {
  for (net::SessionWaker* waker : wakers) waker->wake();
}

}  // namespace

class StateStream::Subscriber final : public http::Stream {
 public:
  Subscriber(StateStream& states, Subscriptions::iterator subscription)
      : states_(states), subscription_(subscription) {}
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;
  ~Subscriber() override { states_.unsubscribe(subscription_); }

  Next next(net::SessionWaker& waker, std::shared_ptr<const std::string>& piece) override {
    return states_.next(*subscription_, waker, piece);
  }

 private:
  StateStream& states_;
  const Subscriptions::iterator subscription_;
};

StateStream::StateStream(std::function<std::string()> make)
    : make_(std::move(make)), thread_("stream", [this] { run(); }) {}

StateStream::~StateStream() { stop(); }

std::unique_ptr<http::Stream> StateStream::subscribe(double rate) {
  const MutexLock lock(mutex_);
  if (subscriptions_.size() >= kSubscribersMax) {
    ++stats_.refused;
    return nullptr;
  }
  subscriptions_.push_back({.period_ns = period_of(rate)});
  return std::make_unique<Subscriber>(*this, std::prev(subscriptions_.end()));
}

void StateStream::unsubscribe(Subscriptions::iterator subscription) {
  const MutexLock lock(mutex_);
  subscriptions_.erase(subscription);
}

void StateStream::stop() {
  {
    const MutexLock lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

StateStream::Stats StateStream::stats() const {
  const MutexLock lock(mutex_);
  Stats stats = stats_;
  stats.subscribers = subscriptions_.size();
  return stats;
}

http::Stream::Next StateStream::next(Subscription& subscription, net::SessionWaker& waker,
                                     std::shared_ptr<const std::string>& piece) {
  const MutexLock lock(mutex_);
  if (is_stopping_) return http::Stream::Next::kEnd;
  if (subscription.event != nullptr) {
    piece = std::exchange(subscription.event, nullptr);
    return http::Stream::Next::kPiece;
  }
  subscription.waker = &waker;
  if (subscription.due_ns == 0) {
    subscription.due_ns = monotonic_ns();
    changed_.notify_all();
  }
  return http::Stream::Next::kLater;
}

void StateStream::run() {
  MutexLock lock(mutex_);
  while (!is_stopping_) {
    const uint64_t now_ns = monotonic_ns();
    if (const uint64_t due_ns = next_due_ns(); due_ns == kNever) {
      changed_.wait(lock);
    } else if (due_ns > now_ns) {
      changed_.wait_for(lock, std::chrono::nanoseconds(due_ns - now_ns));
    } else if (begin_tick(now_ns)) {
      lock.unlock();
      const uint64_t cpu_before_ns = thread_cpu_ns();
      const auto event = std::make_shared<const std::string>(write_event(make_()));
      const uint64_t rested_ns = monotonic_ns() + rest_ns(thread_cpu_ns() - cpu_before_ns);
      lock.lock();
      next_ns_ = std::max(next_ns_, rested_ns);
      const Wakers wakers = hand_out(event);
      lock.unlock();
      wake(wakers);
      lock.lock();
    }
  }
  Wakers waiting;
  for (Subscription& subscription : subscriptions_) {
    if (subscription.waker != nullptr) waiting.push_back(std::exchange(subscription.waker, nullptr));
  }
  lock.unlock();
  wake(waiting);
}

uint64_t StateStream::next_due_ns() const {
  uint64_t due_ns = kNever;
  for (const Subscription& subscription : subscriptions_) {
    if (subscription.due_ns != 0) due_ns = std::min(due_ns, subscription.due_ns);
  }
  return std::max(due_ns, next_ns_);
}

bool StateStream::begin_tick(uint64_t now_ns) {
  bool is_wanted = false;
  for (Subscription& subscription : subscriptions_) {
    if (subscription.due_ns == 0 || subscription.due_ns > now_ns) continue;
    subscription.due_ns = (now_ns / subscription.period_ns + 1) * subscription.period_ns;
    subscription.is_served = subscription.waker != nullptr;
    is_wanted |= subscription.is_served;
    if (!subscription.is_served) ++stats_.skipped;
  }
  if (is_wanted) next_ns_ = now_ns + kPauseNs;
  return is_wanted;
}

StateStream::Wakers StateStream::hand_out(const std::shared_ptr<const std::string>& event) {
  Wakers wakers;
  for (Subscription& subscription : subscriptions_) {
    if (!std::exchange(subscription.is_served, false)) continue;
    subscription.event = event;
    wakers.push_back(std::exchange(subscription.waker, nullptr));
  }
  stats_.sent += wakers.size();
  return wakers;
}

}  // namespace ms::api
