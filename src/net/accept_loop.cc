#include "net/accept_loop.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
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
// Of connections that come one at a time, one in so many has its wait in the kernel sampled.
constexpr uint64_t kKernelWaitSampleEvery = 16;
// So many in one go, and the other listeners and a stop have their turn.
constexpr uint64_t kTurnMax = 4096;
constexpr int kBlockedMs = 2;
// At a stop, how long handshakes under way may take (a round trip), and how long the queues may take to be drained.
constexpr uint64_t kLastHandshakesMs = 100;
constexpr uint64_t kCloseMsMax = 2000;

}  // namespace

AcceptLoop::AcceptLoop(std::vector<Listener>& listeners, ConnectionQueue& queue, Refuser& refuser,
                       const AcceptBounds& bounds, uint64_t first_bytes_ms, size_t records, Descriptor stop_fd)
    : queue_(queue),
      refuser_(refuser),
      bounds_(bounds),
      first_bytes_ms_(first_bytes_ms),
      stop_fd_(std::move(stop_fd)),
      records_(records) {
  sources_.reserve(listeners.size());
  for (const Listener& listener : listeners) {
    sources_.push_back(
        {.listener = listener, .empty_ns = monotonic_ns(), .is_any_address = listener.endpoint().is_any_address()});
  }
  thread_.emplace("accept", [this] { run(); });
}

AcceptLoop::~AcceptLoop() { stop(); }

void AcceptLoop::stop() {
  eventfd_write(stop_fd_.get(), 1);
  thread_->join();
}

void AcceptLoop::run() {
  std::vector<pollfd> polls;
  polls.reserve(sources_.size() + 1);
  for (const Source& source : sources_) polls.push_back({.fd = source.listener.fd(), .events = POLLIN, .revents = 0});
  polls.push_back({.fd = stop_fd_.get(), .events = POLLIN, .revents = 0});
  while (true) {
    stats_.blocked_since_ns.store(monotonic_ns(), std::memory_order_relaxed);
    poll(polls.data(), polls.size(), -1);
    if (polls.back().revents != 0) break;
    stats_.blocked_since_ns.store(0, std::memory_order_relaxed);
    now_ns_ = monotonic_ns();
    bool is_blocked = false;
    for (size_t i = 0; i < sources_.size(); ++i) {
      if (polls[i].revents != 0) is_blocked |= take_turn(sources_[i]) == Drained::kBlocked;
    }
    if (is_blocked) poll(nullptr, 0, kBlockedMs);
  }
  close_listeners();
}

AcceptLoop::Drained AcceptLoop::take_turn(Source& source) {
  sample_depth(source);
  uint64_t count = 0;
  Drained drained = drain(source, count);
  if (count < kBurst) return drained;
  uint64_t last_ns = now_ns_;
  while (drained == Drained::kEmpty && now_ns_ - last_ns < kLookAgainNs) {
    const uint64_t before = count;
    drained = drain(source, count);
    if (count != before) last_ns = now_ns_;
  }
  return drained;
}

void AcceptLoop::sample_depth(Source& source) {
  const uint64_t depth = source.listener.queue_depth();
  source.depth = depth;
  stats_.depth_samples.add();
  stats_.depth_sum.add(depth);
  if (depth > stats_.depth_max.load(std::memory_order_relaxed)) {
    stats_.depth_max.store(depth, std::memory_order_relaxed);
  }
}

AcceptLoop::Drained AcceptLoop::drain(Source& source, uint64_t& count) {
  while (count < kTurnMax) {
    if (refuser_.is_behind()) return Drained::kBlocked;
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
      admit(std::move(fd), arrival);
      stats_.accept_ns.record(now_ns_ - begin_ns);
      if (++count % kDepthSampleEvery == 0) sample_depth(source);
      continue;
    }
    switch (error_number) {
      case EAGAIN:
        source.empty_ns = now_ns_;
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

Arrival AcceptLoop::describe(int fd, const Source& source, uint64_t accept_begin_ns) {
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

KernelWait AcceptLoop::sample_kernel_wait(int fd, const Source& source) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return {};
  const uint64_t at_most_ns = now_ns_ - source.empty_ns;
  // The kernel counts in ticks of a millisecond or more: its bound may exceed ours, which is exact.
  const uint64_t at_least_ns = std::min(uint64_t{info.tcpi_last_data_recv} * kNanosPerMilli, at_most_ns);
  stats_.kernel_wait_at_least_ns.record(at_least_ns);
  stats_.kernel_wait_at_most_ns.record(at_most_ns);
  return {.is_sampled = true, .at_least_ns = at_least_ns, .at_most_ns = at_most_ns};
}

void AcceptLoop::admit(Descriptor fd, const Arrival& arrival) {
  if (queue_.open_connections() >= bounds_.connections_max.load(std::memory_order_relaxed)) {
    stats_.refused_connections.add();
    return refuse(std::move(fd), arrival, Outcome::kRefusedConnections);
  }
  if (queue_.length() >= bounds_.queue_max.load(std::memory_order_relaxed)) {
    stats_.refused_queue.add();
    return refuse(std::move(fd), arrival, Outcome::kRefusedQueue);
  }
  const int number = fd.get();
  if (!queue_.enqueue(number, arrival, arrival.accepted_ns + first_bytes_ms_ * kNanosPerMilli)) {
    stats_.failed.add();
    return refuse(std::move(fd), arrival, Outcome::kRefusedDescriptors);
  }
  fd.release();
  now_ns_ = monotonic_ns();
  queue_.table().at(number).enqueued_ns.store(now_ns_, std::memory_order_release);
}

void AcceptLoop::refuse(Descriptor fd, const Arrival& arrival, Outcome outcome) {
  const int number = fd.get();
  refuser_.refuse(std::move(fd));
  now_ns_ = monotonic_ns();
  records_.write({.connection = arrival.number,
                  .request = 1,
                  .fd = number,
                  .outcome = outcome,
                  .peer = arrival.peer,
                  .local = arrival.local,
                  .kernel_wait = arrival.kernel_wait,
                  .stamps = {.accept_begin_ns = arrival.accept_begin_ns, .accepted_ns = arrival.accepted_ns},
                  .ended_ns = now_ns_});
}

void AcceptLoop::close_listeners() {
  std::vector<pollfd> polls;
  polls.reserve(sources_.size());
  for (const Source& source : sources_) {
    source.listener.drop_handshakes();
    polls.push_back({.fd = source.listener.fd(), .events = POLLIN, .revents = 0});
  }
  const uint64_t begin_ns = monotonic_ns();
  const auto elapsed_ms = [begin_ns] { return (monotonic_ns() - begin_ns) / kNanosPerMilli; };
  bool is_empty = false;
  while (elapsed_ms() < (is_empty ? kLastHandshakesMs : kCloseMsMax)) {
    poll(polls.data(), polls.size(), kBlockedMs);
    now_ns_ = monotonic_ns();
    is_empty = true;
    for (Source& source : sources_) {
      uint64_t count = 0;
      const Drained drained = drain(source, count);
      is_empty &= drained == Drained::kEmpty;
      if (drained == Drained::kBlocked) poll(nullptr, 0, kBlockedMs);
    }
  }
  for (const Source& source : sources_) source.listener.stop_listening();
}

}  // namespace ms::net
