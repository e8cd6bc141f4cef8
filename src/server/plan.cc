#include "server/plan.h"

#include <algorithm>
#include <string>

#include "net/descriptors.h"
#include "server/resources.h"

namespace ms::server {
namespace {

// Descriptors that are not served clients': for log segments, listeners, epoll sets, the reserve of the accept loop and
// connections on their way to the refusing thread; and that thread's least share, or half of the rest where that is
// less.
constexpr size_t kOwnDescriptors = 128;
constexpr size_t kRefuserShareMin = 128;
constexpr size_t kRefuserShareMax = 4096;
constexpr size_t kFewDescriptors = 4096;
constexpr size_t kWorkersMin = 2;
constexpr int kShortListenQueue = 1024;
constexpr uint64_t kMemoryPercent = 60;
constexpr size_t kQueryQueueMax = 64;
constexpr size_t kHeavyQueueMax = 1024;
constexpr size_t kLookQueueMax = 16;

// A quarter of the memory is for bodies in hand. Where that is little, the largest body shrinks with it, so that one
// that may be sent at all always fits into an empty server: at worst it is there as it came, decoded, and six times
// more in its parser (wire::kJsonParserBytesPerByte).
http::Limits plan_limits(uint64_t memory_bytes_max) {
  http::Limits limits;
  limits.bodies_bytes_max = memory_bytes_max / 4;
  limits.body_bytes_max = std::min(limits.body_bytes_max, limits.bodies_bytes_max / 8);
  limits.decoded_body_bytes_max = std::min(limits.decoded_body_bytes_max, limits.bodies_bytes_max / 8);
  return limits;
}

// The backlog to ask for; 0: that of the inherited sockets stays.
int plan_backlog(const ServeConfig& config, bool is_inherited) {
  if (config.backlog != 0) return config.backlog;
  return is_inherited ? 0 : net::read_somaxconn();
}

}  // namespace

Result<Plan> make_plan(const ServeConfig& config, size_t descriptors, bool is_inherited) {
  const size_t cores = usable_cores();
  if (descriptors < kOwnDescriptors + 2) {
    return fail(ErrorCode::kUnavailable, "the descriptor limit of " + std::to_string(descriptors) +
                                             " is too low; raise it to at least 130 (ulimit -n, LimitNOFILE=)");
  }
  const size_t for_clients = descriptors - kOwnDescriptors;
  const uint64_t connections_max = for_clients - std::min(for_clients / 2, kRefuserShareMin);
  const uint64_t connections =
      config.max_connections != 0 ? std::min(config.max_connections, connections_max) : connections_max;
  Plan plan;
  plan.front_door = {.architecture = config.architecture,
                     .addresses = is_inherited ? std::vector<std::string>{} : config.listen,
                     .backlog = plan_backlog(config, is_inherited),
                     .workers = config.workers != 0 ? config.workers : std::max(kWorkersMin, cores),
                     .descriptors_max = descriptors,
                     .refuser_share = std::min(for_clients - connections, kRefuserShareMax),
                     .connections_max = connections,
                     .queue_max = config.connection_queue != 0 ? config.connection_queue : connections};
  plan.store = {
      .directory = config.data_dir,
      .sync = config.wal_sync,
      .limits = {.memory_bytes_max = config.memory_limit_bytes != 0 ? config.memory_limit_bytes
                                                                    : usable_memory_bytes() / 100 * kMemoryPercent,
                 .disk_free_bytes_min = config.min_free_disk_bytes,
                 .series_max = config.max_series},
      .lock_timeout_ms = config.lock_timeout_ms};
  plan.limits = plan_limits(plan.store.limits.memory_bytes_max);
  plan.queries = {.name = "query", .threads = cores, .queue_length_max = kQueryQueueMax};
  plan.heavy = {.name = "heavy", .threads = cores, .queue_length_max = kHeavyQueueMax, .is_background = true};
  plan.looks = {.name = "look", .queue_length_max = kLookQueueMax};
  return plan;
}

void log_plan(const Logger& log, const ServeConfig& config, const Plan& plan) {
  const net::FrontDoorOptions& door = plan.front_door;
  std::string addresses;
  for (const std::string& address : door.addresses) addresses += (addresses.empty() ? "" : ",") + address;
  if (addresses.empty()) addresses = "inherited";
  log.info("configuration", {{"version", MS_VERSION},
                             {"architecture", net::architecture_name(door.architecture)},
                             {"listen", addresses},
                             {"backlog", door.backlog},
                             {"descriptors", door.descriptors_max},
                             {"max_connections", door.connections_max},
                             {"connection_queue", door.queue_max},
                             {"workers", door.workers},
                             {"queue_target_ms", config.queue_target_ms},
                             {"queue_deadline_ms", config.queue_deadline_ms},
                             {"data_dir", plan.store.directory},
                             {"wal_sync", storage::sync_mode_name(plan.store.sync)},
                             {"memory_limit_bytes", plan.store.limits.memory_bytes_max},
                             {"bodies_limit_bytes", plan.limits.bodies_bytes_max},
                             {"min_free_disk_bytes", plan.store.limits.disk_free_bytes_min},
                             {"max_series", plan.store.limits.series_max},
                             {"max_future_ms", config.max_future_ms},
                             {"lock_timeout_ms", plan.store.lock_timeout_ms},
                             {"shutdown_timeout_ms", config.shutdown_timeout_ms},
                             {"self_metrics_interval_ms", config.self_metrics_interval_ms}});
  const int somaxconn = net::read_somaxconn();
  if (door.backlog > somaxconn) {
    log.warn("the kernel grants a shorter listen queue than --backlog asks for; raise net.core.somaxconn",
             {{"backlog", door.backlog}, {"somaxconn", somaxconn}});
  } else if (config.backlog == 0 && door.backlog != 0 && somaxconn < kShortListenQueue) {
    log.warn("net.core.somaxconn keeps the listen queue short, and bursts of connections will overflow it; raise it",
             {{"somaxconn", somaxconn}, {"command", "sysctl -w net.core.somaxconn=4096"}});
  }
  warn_of_descriptors(log, config, plan);
}

void warn_of_descriptors(const Logger& log, const ServeConfig& config, const Plan& plan) {
  const net::FrontDoorOptions& door = plan.front_door;
  if (config.max_connections > door.connections_max) {
    log.warn("--max-connections is more than the descriptor limit allows; raise it (ulimit -n, LimitNOFILE=)",
             {{"asked", config.max_connections}, {"max_connections", door.connections_max}});
  } else if (door.descriptors_max < kFewDescriptors) {
    log.warn("the descriptor limit is low for a server; raise it (ulimit -n, LimitNOFILE=)",
             {{"descriptors", door.descriptors_max}, {"max_connections", door.connections_max}});
  }
}

ServeConfig worked_out(ServeConfig config, const Plan& plan) {
  config.backlog = plan.front_door.backlog;
  config.max_connections = plan.front_door.connections_max;
  config.connection_queue = plan.front_door.queue_max;
  config.workers = plan.front_door.workers;
  config.memory_limit_bytes = plan.store.limits.memory_bytes_max;
  return config;
}

}  // namespace ms::server
