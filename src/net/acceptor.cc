#include "net/acceptor.h"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <cerrno>

#include "base/clock.h"
#include "net/last_bytes.h"

namespace ms::net {
namespace {

// Of connections that come one at a time, one in so many has its wait in the kernel sampled.
constexpr uint64_t kKernelWaitSampleEvery = 16;
// Other processes and other parts of this one make room too, and tell nobody.
constexpr int kPauseMsMax = 100;
// At a stop, how long handshakes under way may take (a round trip).
constexpr uint64_t kLastHandshakesMs = 100;
constexpr int kLookAtStopMs = 2;

}  // namespace

Acceptor::Acceptor(const std::vector<Listener>& listeners, Refuser& refuser, RoomSignal& room, size_t records,
                   Descriptor stop_fd)
    : refuser_(refuser), room_(room), stop_fd_(std::move(stop_fd)), records_(records) {
  sources_.reserve(listeners.size());
  for (const Listener& listener : listeners) {
    sources_.push_back(
        {.listener = listener, .is_any_address = listener.endpoint().is_any_address(), .empty_ns = monotonic_ns()});
    polls_.push_back({.fd = listener.fd(), .events = POLLIN, .revents = 0});
  }
  polls_.push_back({.fd = stop_fd_.get(), .events = POLLIN, .revents = 0});
  stats_.draining_since_ns = monotonic_ns();
}

void Acceptor::stop() {
  is_stopping_.store(true, std::memory_order_release);
  eventfd_write(stop_fd_.get(), 1);
}

bool Acceptor::wait() {
  stats_.blocked_since_ns.store(monotonic_ns(), std::memory_order_relaxed);
  poll(polls_.data(), polls_.size(), -1);
  if (is_stopping()) return false;
  for (size_t i = 0; i < sources_.size(); ++i) sources_[i].is_ready = polls_[i].revents != 0;
  now_ns_ = monotonic_ns();
  stats_.draining_since_ns.store(now_ns_, std::memory_order_relaxed);
  stats_.blocked_since_ns.store(0, std::memory_order_release);
  return true;
}

void Acceptor::rest(uint64_t rest_ns) {
  const timespec duration{.tv_sec = 0, .tv_nsec = static_cast<long>(rest_ns)};
  clock_nanosleep(CLOCK_MONOTONIC, 0, &duration, nullptr);
}

void Acceptor::sample_depth(Source& source) {
  const uint64_t depth = source.listener.queue_depth();
  source.depth = depth;
  stats_.depth_samples.add();
  stats_.depth_sum.add(depth);
  if (depth > stats_.depth_max.load(std::memory_order_relaxed)) {
    stats_.depth_max.store(depth, std::memory_order_relaxed);
  }
}

std::expected<Acceptor::Accepted, Acceptor::None> Acceptor::accept(Source& source) {
  reserve_.refill();
  while (!refuser_.is_behind()) {
    const uint64_t begin_ns = now_ns_;
    sockaddr_storage peer{};
    socklen_t peer_size = sizeof peer;
    Descriptor fd(
        accept4(source.listener.fd(), reinterpret_cast<sockaddr*>(&peer), &peer_size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    const int error_number = errno;
    now_ns_ = monotonic_ns();
    if (fd) {
      Arrival arrival = describe(fd.get(), source, begin_ns);
      arrival.peer = Endpoint::from(peer);
      if (reserve_.is_whole()) return Accepted{std::move(fd), arrival};
      stats_.refused_descriptors.add();
      refuse(std::move(fd), arrival, Outcome::kRefusedDescriptors);
      reserve_.refill();
      continue;
    }
    switch (error_number) {
      case EAGAIN:
        source.empty_ns = now_ns_;
        reserve_.refill();  // EMFILE is said before the queue is looked at: what was given up for nobody is taken back
        return std::unexpected(None::kEmpty);
      case EMFILE:
      case ENFILE:
        stats_.failed.add();
        if (!reserve_.give_up_one()) return std::unexpected(None::kBlocked);
        break;
      case ENOBUFS:
      case ENOMEM:
      case EINVAL:  // it does not listen any more: another process that shares the socket has shut it down
        stats_.failed.add();
        return std::unexpected(None::kBlocked);
      default:
        break;  // the error is that one connection's (accept(2)): on to the next
    }
  }
  return std::unexpected(None::kBlocked);
}

Arrival Acceptor::describe(int fd, const Source& source, uint64_t accept_begin_ns) {
  stats_.accepted.add();
  Arrival arrival{.number = stats_.accepted.value(),
                  .accept_begin_ns = accept_begin_ns,
                  .accepted_ns = now_ns_,
                  .local = source.is_any_address ? Endpoint::local_of(fd) : source.listener.endpoint()};
  if (source.depth > 1 || arrival.number % kKernelWaitSampleEvery == 0) {
    arrival.kernel_wait = sample_kernel_wait(fd, source);
  }
  return arrival;
}

KernelWait Acceptor::sample_kernel_wait(int fd, const Source& source) {
  const uint64_t at_most_ns = now_ns_ - source.empty_ns;
  const uint64_t at_least_ns = std::min(since_last_bytes_ns(fd), at_most_ns);
  stats_.kernel_wait_at_least_ns.record(at_least_ns);
  stats_.kernel_wait_at_most_ns.record(at_most_ns);
  return {.is_sampled = true, .at_least_ns = at_least_ns, .at_most_ns = at_most_ns};
}

uint64_t Acceptor::finish(const Arrival& arrival) {
  now_ns_ = monotonic_ns();
  stats_.accept_ns.record(now_ns_ - arrival.accept_begin_ns);
  return now_ns_;
}

void Acceptor::refuse(Descriptor fd, const Arrival& arrival, Outcome outcome) {
  const int number = fd.get();
  refuser_.refuse(std::move(fd));
  const uint64_t ended_ns = finish(arrival);
  records_.write({.connection = arrival.number,
                  .fd = number,
                  .outcome = outcome,
                  .peer = arrival.peer,
                  .local = arrival.local,
                  .kernel_wait = arrival.kernel_wait,
                  .stamps = {.accept_begin_ns = arrival.accept_begin_ns, .accepted_ns = arrival.accepted_ns},
                  .ended_ns = ended_ns});
}

void Acceptor::pause() {
  if (!room_.is_awaited()) return room_.await();
  stats_.pauses.add();
  room_.wait(is_stopping() ? -1 : stop_fd_.get(), kPauseMsMax);
  now_ns_ = monotonic_ns();
}

void Acceptor::close(uint64_t ms_max, const std::function<bool(Source&)>& turn) {
  if (leaves_queues()) return;
  for (const Source& source : sources_) source.listener.drop_handshakes();
  const uint64_t begin_ns = monotonic_ns();
  const auto elapsed_ms = [begin_ns] { return (monotonic_ns() - begin_ns) / kNanosPerMilli; };
  bool is_empty = false;
  while (elapsed_ms() < std::min(ms_max, is_empty ? kLastHandshakesMs : ms_max)) {
    poll(polls_.data(), sources_.size(), kLookAtStopMs);
    now_ns_ = monotonic_ns();
    is_empty = true;
    for (Source& source : sources_) is_empty &= turn(source);
  }
  for (const Source& source : sources_) stats_.left.add(source.listener.queue_depth());
}

}  // namespace ms::net
