#include "net/pulse.h"

#include <algorithm>

#include "base/clock.h"
#include "net/front_door.h"

namespace ms::net {

std::optional<std::string> find_standstill(const Pulse& before, const Pulse& now) {
  if (now.workers.empty()) return std::nullopt;
  if (before.has_waiting && now.has_waiting && now.accept_turns == before.accept_turns) return "accept loop";
  if (now.sweeps == before.sweeps) return "sweeper";
  const bool all_stuck = std::ranges::all_of(now.workers, [&before](const Pulse::WorkerAt& worker) {
    return worker.connection != 0 && worker.since_ns < before.taken_ns;
  });
  if (all_stuck) return "workers";
  return std::nullopt;
}

Pulse FrontDoor::pulse() const {
  Pulse pulse{.taken_ns = monotonic_ns()};
  pulse.has_waiting =
      std::ranges::any_of(listeners_, [](const Listener& listener) { return listener.queue().depth > 0; });
  const AcceptStats& accepts = acceptor_->stats();
  pulse.accept_turns = accepts.accepted.value() + accepts.depth_samples.value() + accepts.pauses.value();
  if (sweeper_ != nullptr) pulse.sweeps = sweeper_->looks();
  for (const auto& worker : workers_) {
    const Activity& activity = worker->server().activity();
    pulse.workers.push_back({.connection = activity.connection.load(std::memory_order_relaxed),
                             .since_ns = activity.since_ns.load(std::memory_order_relaxed)});
  }
  return pulse;
}

}  // namespace ms::net
