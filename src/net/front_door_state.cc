#include "net/front_door_state.h"

#include "base/clock.h"

namespace ms::net {
namespace {

uint64_t elapsed_ns(uint64_t since_ns, uint64_t now_ns) { return now_ns > since_ns ? now_ns - since_ns : 0; }

WorkerEntry describe_worker(const ConnectionServer& server, uint64_t now_ns) {
  return {.worker = server.worker(),
          .connection = server.activity().connection.load(std::memory_order_relaxed),
          .since_ns = elapsed_ns(server.activity().since_ns.load(std::memory_order_relaxed), now_ns),
          .served = server.stats().requests.value()};
}

void describe_accepts(const AcceptStats& accepts, uint64_t now_ns, FrontDoorState& state) {
  uint64_t since_ns = accepts.blocked_since_ns.load(std::memory_order_acquire);
  if (since_ns == 0) {
    const FrontDoorStats& stats = state.stats;
    const bool is_full = stats.open_connections >= stats.connections_max || stats.queue_length >= stats.queue_max;
    state.accept_state = is_full ? AcceptState::kRefusing : AcceptState::kDraining;
    since_ns = accepts.draining_since_ns.load(std::memory_order_relaxed);
  }
  state.accept_state_ns = elapsed_ns(since_ns, now_ns);
}

}  // namespace

std::string_view accept_state_name(AcceptState state) {
  switch (state) {
    case AcceptState::kBlocked:
      return "blocked";
    case AcceptState::kDraining:
      return "draining";
    case AcceptState::kRefusing:
      return "refusing";
  }
  return "unknown";
}

FrontDoorState FrontDoor::state(size_t entries_max) {
  FrontDoorState state{.architecture = options_.architecture};
  state.stats = stats();
  state.waiting = sampler_->waiting();
  state.drain = sampler_->rates();
  const std::vector<const ConnectionServer*> all = servers();
  state.census = take_census(queue_->table(), all, entries_max);
  const uint64_t now_ns = monotonic_ns();
  state.uptime_ns = elapsed_ns(sampler_->started_ns(), now_ns);
  describe_accepts(acceptor_->stats(), now_ns, state);
  for (const ConnectionServer* server : all) {
    if (server->worker() != 0) state.workers.push_back(describe_worker(*server, now_ns));
  }
  return state;
}

DoorSampler::Figures FrontDoor::sampled_figures() const {
  DoorSampler::Figures figures{.accepted = accepted(),
                               .is_overloaded = judge_->is_overloaded(),
                               .overloads = judge_->overloads(),
                               .queue_target_ns = judge_->policy().target_ns.load(std::memory_order_relaxed)};
  for (const ConnectionServer* server : servers()) figures.refused_age += server->stats().refused_age.value();
  return figures;
}

}  // namespace ms::net
