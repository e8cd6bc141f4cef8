#include "net/accept_loop.h"

#include <utility>

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
// At a stop, how long the listen queues may take to be drained.
constexpr uint64_t kCloseMsMax = 2000;
// The shortest that the scheduler grants: of a loop that takes some microseconds a connection, what counts is how soon
// it runs. With all CPUs busy it would wait for the end of another thread's slice, 3 ms by default.
constexpr uint64_t kTimeSliceNs = 100'000;

}  // namespace

AcceptLoop::AcceptLoop(Acceptor& acceptor, ConnectionQueue& queue, const AcceptBounds& bounds, uint64_t first_bytes_ms)
    : acceptor_(acceptor), queue_(queue), bounds_(bounds), first_bytes_ms_(first_bytes_ms), thread_("accept", [this] {
        run();
      }) {}

AcceptLoop::~AcceptLoop() { stop(); }

void AcceptLoop::stop() {
  acceptor_.stop();
  thread_.join();
}

void AcceptLoop::run() {
  request_time_slice(kTimeSliceNs);
  while (acceptor_.wait()) {
    bool is_blocked = false;
    for (Acceptor::Source& source : acceptor_.sources()) {
      if (source.is_ready) is_blocked |= take_turn(source) == Drained::kBlocked;
    }
    if (is_blocked) acceptor_.pause();
  }
  acceptor_.close(kCloseMsMax, [this](Acceptor::Source& source) {
    uint64_t count = 0;
    const Drained drained = drain(source, count);
    if (drained == Drained::kBlocked) acceptor_.pause();
    return drained == Drained::kEmpty;
  });
}

AcceptLoop::Drained AcceptLoop::take_turn(Acceptor::Source& source) {
  acceptor_.sample_depth(source);
  uint64_t count = 0;
  Drained drained = drain(source, count);
  if (count < kBurst) return drained;
  uint64_t last_ns = acceptor_.now_ns();
  while (drained == Drained::kEmpty && acceptor_.now_ns() - last_ns < kLookAgainNs) {
    const uint64_t before = count;
    drained = drain(source, count);
    if (count != before) last_ns = acceptor_.now_ns();
  }
  return drained;
}

AcceptLoop::Drained AcceptLoop::drain(Acceptor::Source& source, uint64_t& count) {
  while (count < kTurnMax) {
    auto accepted = acceptor_.accept(source);
    if (!accepted) return accepted.error() == Acceptor::None::kEmpty ? Drained::kEmpty : Drained::kBlocked;
    admit(std::move(*accepted));
    if (++count % kDepthSampleEvery == 0) acceptor_.sample_depth(source);
  }
  return Drained::kTurnOver;
}

void AcceptLoop::admit(Acceptor::Accepted accepted) {
  AcceptStats& stats = acceptor_.stats();
  auto& [fd, arrival] = accepted;
  if (queue_.open_connections() >= bounds_.connections_max.load(std::memory_order_relaxed)) {
    stats.refused_connections.add();
    return acceptor_.refuse(std::move(fd), arrival, Outcome::kRefusedConnections);
  }
  if (queue_.length() >= bounds_.queue_max.load(std::memory_order_relaxed)) {
    stats.refused_queue.add();
    return acceptor_.refuse(std::move(fd), arrival, Outcome::kRefusedQueue);
  }
  if (!queue_.enqueue(fd.get(), arrival, arrival.accepted_ns + first_bytes_ms_ * kNanosPerMilli)) {
    stats.refused_descriptors.add();
    return acceptor_.refuse(std::move(fd), arrival, Outcome::kRefusedDescriptors);
  }
  const int number = fd.release();
  queue_.table().at(number).enqueued_ns.store(acceptor_.finish(arrival), std::memory_order_release);
}

}  // namespace ms::net
