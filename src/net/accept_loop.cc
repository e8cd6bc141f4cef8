#include "net/accept_loop.h"

#include <utility>

#include "base/clock.h"

namespace ms::net {
namespace {

// 20,000 connections a second, of which ten come during a rest.
constexpr uint64_t kStormNs = 1'600'000;
constexpr uint64_t kRestNs = 500'000;
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
    bool is_empty = true;
    for (Acceptor::Source& source : acceptor_.sources()) {
      if (!source.is_ready) continue;
      acceptor_.sample_depth(source);
      const Drained drained = drain(source);
      is_blocked |= drained == Drained::kBlocked;
      is_empty &= drained == Drained::kEmpty;
    }
    if (is_blocked) acceptor_.pause();
    if (is_empty && is_storm()) Acceptor::rest(kRestNs);
  }
  acceptor_.close(kCloseMsMax, [this](Acceptor::Source& source) {
    const Drained drained = drain(source);
    if (drained == Drained::kBlocked) acceptor_.pause();
    return drained == Drained::kEmpty;
  });
}

bool AcceptLoop::is_storm() const { return acceptor_.now_ns() - taken_ns_[taken_ % taken_ns_.size()] < kStormNs; }

AcceptLoop::Drained AcceptLoop::drain(Acceptor::Source& source) {
  for (uint64_t count = 0; count < kTurnMax; ++count) {
    auto accepted = acceptor_.accept(source);
    if (!accepted) return accepted.error() == Acceptor::None::kEmpty ? Drained::kEmpty : Drained::kBlocked;
    if (count % kDepthSampleEvery == kDepthSampleEvery - 1) acceptor_.sample_depth(source);
    taken_ns_[taken_++ % taken_ns_.size()] = acceptor_.now_ns();
    admit(std::move(*accepted));
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
