#include "net/accept_loop.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/clock.h"

namespace ms::net {
namespace {

// A drain of at least this many is a burst.
constexpr uint64_t kBurst = 4;
constexpr uint64_t kLookAgainNs = 50'000;
// In a long drain the depth is sampled every so many connections.
constexpr uint64_t kDepthSampleEvery = 64;
// So many in one go, and the other listeners and a stop have their turn.
constexpr uint64_t kTurnMax = 4096;
constexpr int kBlockedMs = 2;
// At a stop, how long handshakes under way may take (a round trip), and how long the queues may take to be drained.
constexpr uint64_t kLastHandshakesMs = 100;
constexpr uint64_t kCloseMsMax = 2000;

}  // namespace

AcceptLoop::AcceptLoop(std::vector<Listener>& listeners, ConnectionQueue& queue, Refuser& refuser,
                       const AcceptLimits& limits, Descriptor stop_fd)
    : listeners_(listeners),
      queue_(queue),
      refuser_(refuser),
      limits_(limits),
      stop_fd_(std::move(stop_fd)),
      thread_("accept", [this] { run(); }) {}

AcceptLoop::~AcceptLoop() { stop(); }

void AcceptLoop::stop() {
  eventfd_write(stop_fd_.get(), 1);
  thread_.join();
}

void AcceptLoop::run() {
  std::vector<pollfd> polls;
  polls.reserve(listeners_.size() + 1);
  for (const Listener& listener : listeners_) polls.push_back({.fd = listener.fd(), .events = POLLIN, .revents = 0});
  polls.push_back({.fd = stop_fd_.get(), .events = POLLIN, .revents = 0});
  while (true) {
    poll(polls.data(), polls.size(), -1);
    if (polls.back().revents != 0) break;
    now_ns_ = monotonic_ns();
    bool is_blocked = false;
    for (size_t i = 0; i < listeners_.size(); ++i) {
      if (polls[i].revents != 0) is_blocked |= take_turn(listeners_[i]) == Drained::kBlocked;
    }
    if (is_blocked) poll(nullptr, 0, kBlockedMs);
  }
  close_listeners();
}

AcceptLoop::Drained AcceptLoop::take_turn(const Listener& listener) {
  sample_depth(listener);
  uint64_t count = 0;
  Drained drained = drain(listener, count);
  if (count < kBurst) return drained;
  uint64_t last_ns = now_ns_;
  while (drained == Drained::kEmpty && now_ns_ - last_ns < kLookAgainNs) {
    const uint64_t before = count;
    drained = drain(listener, count);
    if (count != before) last_ns = now_ns_;
  }
  return drained;
}

void AcceptLoop::sample_depth(const Listener& listener) {
  const uint64_t depth = listener.queue_depth();
  stats_.depth_samples.add();
  stats_.depth_sum.add(depth);
  if (depth > stats_.depth_max.load(std::memory_order_relaxed)) {
    stats_.depth_max.store(depth, std::memory_order_relaxed);
  }
}

AcceptLoop::Drained AcceptLoop::drain(const Listener& listener, uint64_t& count) {
  while (count < kTurnMax) {
    if (refuser_.is_behind()) return Drained::kBlocked;
    const uint64_t begin_ns = now_ns_;
    Descriptor fd(accept4(listener.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    const int error_number = errno;
    now_ns_ = monotonic_ns();
    if (fd) {
      stats_.accepted.add();
      admit(std::move(fd), begin_ns, now_ns_);
      if (++count % kDepthSampleEvery == 0) sample_depth(listener);
      continue;
    }
    switch (error_number) {
      case EAGAIN:
        return Drained::kEmpty;
      case EMFILE:
      case ENFILE:
      case ENOBUFS:
      case ENOMEM:
        stats_.failed.add();
        return Drained::kBlocked;
      default:
        break;  // the error is that one connection's (accept(2)): on to the next
    }
  }
  return Drained::kTurnOver;
}

void AcceptLoop::admit(Descriptor fd, uint64_t accept_begin_ns, uint64_t accepted_ns) {
  const bool is_too_many = queue_.open_connections() >= limits_.connections_max;
  if (is_too_many || queue_.length() >= limits_.queue_max) {
    (is_too_many ? stats_.refused_connections : stats_.refused_queue).add();
    refuser_.refuse(std::move(fd));
    return;
  }
  const int number = fd.get();
  if (!queue_.enqueue(number, accept_begin_ns, accepted_ns, accepted_ns + limits_.first_bytes_ms * kNanosPerMilli)) {
    stats_.failed.add();
    refuser_.refuse(std::move(fd));
    return;
  }
  fd.release();
  now_ns_ = monotonic_ns();
  queue_.table().at(number).enqueued_ns.store(now_ns_, std::memory_order_relaxed);
}

void AcceptLoop::close_listeners() {
  std::vector<pollfd> polls;
  polls.reserve(listeners_.size());
  for (const Listener& listener : listeners_) {
    listener.drop_handshakes();
    polls.push_back({.fd = listener.fd(), .events = POLLIN, .revents = 0});
  }
  const uint64_t begin_ns = monotonic_ns();
  const auto elapsed_ms = [begin_ns] { return (monotonic_ns() - begin_ns) / kNanosPerMilli; };
  bool is_empty = false;
  while (elapsed_ms() < (is_empty ? kLastHandshakesMs : kCloseMsMax)) {
    poll(polls.data(), polls.size(), kBlockedMs);
    now_ns_ = monotonic_ns();
    is_empty = true;
    for (const Listener& listener : listeners_) {
      uint64_t count = 0;
      const Drained drained = drain(listener, count);
      is_empty &= drained == Drained::kEmpty;
      if (drained == Drained::kBlocked) poll(nullptr, 0, kBlockedMs);
    }
  }
  for (const Listener& listener : listeners_) listener.stop_listening();
}

}  // namespace ms::net
