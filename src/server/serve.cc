#include "server/serve.h"

#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "api/front_door.h"
#include "api/health.h"
#include "api/ingest.h"
#include "api/query.h"
#include "api/self_metrics.h"
#include "api/self_recorder.h"
#include "api/work_pool.h"
#include "base/clock.h"
#include "base/file_system.h"
#include "base/overload.h"
#include "base/thread.h"
#include "http/http_service.h"
#include "net/descriptors.h"
#include "net/front_door.h"
#include "server/inherited_sockets.h"
#include "server/resources.h"
#include "storage/store.h"

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
constexpr uint64_t kMemoryPercent = 60;
constexpr size_t kQueryQueueMax = 64;
constexpr size_t kHeavyQueueMax = 1024;
constexpr int kMappedBlockBytesMin = 1 << 20;
constexpr int kKeptHeapBytesMax = 4 << 20;  // at the end of each of the allocator's arenas
constexpr size_t kLookQueueMax = 16;

// What the configuration and the machine together come to.
struct Plan {
  net::FrontDoorOptions front_door;
  storage::StoreOptions store;
  http::Limits limits;
  api::WorkPoolOptions queries;
  api::WorkPoolOptions heavy;
  api::WorkPoolOptions looks;
};

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
  plan.store = {.directory = config.data_dir,
                .sync = config.wal_sync,
                .memory_bytes_max = config.memory_limit_bytes != 0 ? config.memory_limit_bytes
                                                                   : usable_memory_bytes() / 100 * kMemoryPercent,
                .disk_free_bytes_min = config.min_free_disk_bytes,
                .series_max = config.max_series,
                .lock_timeout_ms = config.lock_timeout_ms};
  plan.limits = plan_limits(plan.store.memory_bytes_max);
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
                             {"wal_sync", plan.store.sync == storage::SyncMode::kAlways ? "always" : "os"},
                             {"memory_limit_bytes", plan.store.memory_bytes_max},
                             {"bodies_limit_bytes", plan.limits.bodies_bytes_max},
                             {"min_free_disk_bytes", plan.store.disk_free_bytes_min},
                             {"max_series", plan.store.series_max},
                             {"max_future_ms", config.max_future_ms},
                             {"lock_timeout_ms", plan.store.lock_timeout_ms},
                             {"shutdown_timeout_ms", config.shutdown_timeout_ms},
                             {"self_metrics_interval_ms", config.self_metrics_interval_ms}});
  const int somaxconn = net::read_somaxconn();
  if (door.backlog > somaxconn) {
    log.warn("the kernel grants a shorter listen queue than --backlog asks for; raise net.core.somaxconn",
             {{"backlog", door.backlog}, {"somaxconn", somaxconn}});
  }
  if (config.max_connections > door.connections_max) {
    log.warn("--max-connections is more than the descriptor limit allows; raise it (ulimit -n, LimitNOFILE=)",
             {{"asked", config.max_connections}, {"max_connections", door.connections_max}});
  } else if (door.descriptors_max < kFewDescriptors) {
    log.warn("the descriptor limit is low for a server; raise it (ulimit -n, LimitNOFILE=)",
             {{"descriptors", door.descriptors_max}, {"max_connections", door.connections_max}});
  }
}

// Sent to the process by itself, once the store is open or cannot be.
constexpr int kStoreOpened = SIGUSR1;

// The signals that main waits for; blocked in every thread.
sigset_t awaited_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal_number : {SIGTERM, SIGINT, kStoreOpened}) sigaddset(&signals, signal_number);
  return signals;
}

int wait_for_signal() {
  const sigset_t signals = awaited_signals();
  int signal_number = 0;
  sigwait(&signals, &signal_number);
  return signal_number;
}

// From now on a second SIGTERM or SIGINT ends the process at once.
void unblock_stop_signals() {
  sigset_t signals = awaited_signals();
  sigdelset(&signals, kStoreOpened);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

// All parts of a running server, in the order in which they are built; taken down in reverse.
class Server {
 public:
  Server(const ServeConfig& config, Plan plan, std::vector<Descriptor> inherited, const Logger& log, int64_t start_ms)
      : config_(config),
        plan_(std::move(plan)),
        inherited_(std::move(inherited)),
        log_(log),
        start_ms_(start_ms),
        files_(make_posix_file_system()),
        service_(plan_.limits, starting_router_) {
    queue_policy_.target_ns = static_cast<uint64_t>(config.queue_target_ms) * kNanosPerMilli;
    queue_policy_.deadline_ns = static_cast<uint64_t>(config.queue_deadline_ms) * kNanosPerMilli;
    api::add_starting_routes(starting_router_);
  }

  // Listens before the store is open: who connects while the log is replayed waits, or is told to come back, and is not
  // lost.
  Result<void> open_front_door() {
    auto front_door = net::FrontDoor::open(plan_.front_door, std::move(inherited_));
    if (!front_door) return std::unexpected(std::move(front_door).error());
    front_door_ = std::move(*front_door);
    if (auto started = front_door_->start(service_, queue_policy_, &log_); !started) return started;
    for (const net::Listener& listener : front_door_->listeners()) announce(listener);
    return {};
  }

  Result<void> open_store() {
    auto store = storage::Store::open(plan_.store, queue_policy_, *files_, log_);
    if (!store) return std::unexpected(std::move(store).error());
    store_ = std::move(*store);
    open_routes();
    log_.info("ready");
    return {};
  }

  // Answers what is in hand. Returns how many connections were left at the timeout.
  uint64_t close_front_door() {
    service_.begin_stop();
    const uint64_t left = front_door_->stop(static_cast<uint64_t>(config_.shutdown_timeout_ms));
    if (left > 0) {
      log_.warn("connections were left unfinished at the shutdown timeout", {{"connections", left}});
    }
    return left;
  }

  void close_store() {
    self_recorder_.reset();
    store_->close();
  }

 private:
  void announce(const net::Listener& listener) {
    log_.info("listening", {{"address", listener.address()}, {"backlog", listener.queue().limit}});
    if (!listener.is_loopback()) {
      log_.warn("this address is open to other machines, and there is no authentication yet",
                {{"address", listener.address()}});
    }
  }

  void open_routes() {
    queries_ = std::make_unique<api::WorkPool>(plan_.queries);
    heavy_ = std::make_unique<api::WorkPool>(plan_.heavy, &queue_policy_);
    looks_ = std::make_unique<api::WorkPool>(plan_.looks);
    query_api_.emplace(*store_, *queries_, wall_ms);
    ingest_api_.emplace(*store_, *heavy_, service_.limits(), service_.bodies(), config_.max_future_ms);
    self_metrics_.emplace(*front_door_, service_, *store_, *queries_, *heavy_, self_records_, MS_VERSION,
                          static_cast<double>(start_ms_) / 1000);
    front_door_api_.emplace(*front_door_, queue_policy_, *looks_, log_);
    front_door_api_->add_routes(router_);
    ingest_api_->add_routes(router_);
    self_metrics_->add_routes(router_);
    query_api_->add_routes(router_);
    api::add_health_routes(router_, *store_);
    service_.route_by(router_);
    self_recorder_.emplace(*self_metrics_, *store_, self_records_, wall_ms, config_.self_metrics_interval_ms);
  }

  const ServeConfig& config_;
  const Plan plan_;
  std::vector<Descriptor> inherited_;  // until the front door has them
  const Logger& log_;
  const int64_t start_ms_;
  const std::unique_ptr<FileSystem> files_;
  http::Router starting_router_;
  http::Router router_;
  QueuePolicy queue_policy_;
  http::HttpService service_;
  std::optional<api::IngestApi> ingest_api_;
  std::optional<api::QueryApi> query_api_;
  std::optional<api::SelfMetrics> self_metrics_;
  std::optional<api::FrontDoorApi> front_door_api_;
  api::SelfRecordCounters self_records_;
  std::unique_ptr<net::FrontDoor> front_door_;
  // These answer into the front door's sessions until they are gone, and so go first.
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<api::WorkPool> queries_;
  std::unique_ptr<api::WorkPool> heavy_;
  std::unique_ptr<api::WorkPool> looks_;
  std::optional<api::SelfRecorder> self_recorder_;
};

int report_failed_start(const Logger& log, const Error& error) {
  log.error("cannot start", {{"reason", error.message}});
  return error.code == ErrorCode::kInvalid ? 2 : 1;
}

int run(Server& server, const Logger& log) {
  if (const auto opened = server.open_front_door(); !opened) return report_failed_start(log, opened.error());
  // On a thread of its own, so that a signal is heard while a lock is waited for or a long log is replayed.
  Result<void> opened;
  Thread opener("store-open", [&server, &opened] {
    opened = server.open_store();
    kill(getpid(), kStoreOpened);
  });
  int signal_number = wait_for_signal();
  const bool is_open = signal_number == kStoreOpened;
  if (is_open) {
    opener.join();
    if (!opened) return report_failed_start(log, opened.error());
    signal_number = wait_for_signal();
  }
  unblock_stop_signals();

  const uint64_t begin_ns = monotonic_ns();
  log.info("stopping", {{"signal", signal_number == SIGTERM ? "SIGTERM" : "SIGINT"}});
  const uint64_t left = server.close_front_door();
  if (is_open) server.close_store();
  log.info("stopped", {{"took_ms", (monotonic_ns() - begin_ns) / kNanosPerMilli}});
  // Nothing has been acknowledged by a store that is still being opened, and queries whose clients are given up need
  // not be finished: neither is waited for.
  if (!is_open || left > 0) std::_Exit(0);
  return 0;
}

}  // namespace

int serve(const ServeConfig& config) {
  // Blocks of this size and more, which are bodies, decoders and their like, go back to the system when they are freed.
  // Left to itself glibc moves that threshold up to 32 MiB as such blocks are freed, keeps in each thread's arena what
  // lies below it, and an empty server holds several hundred MB after a burst of bodies.
  mallopt(M_MMAP_THRESHOLD, kMappedBlockBytesMin);
  // What is below it stays for the next body. At the 128 KiB that glibc keeps by itself, every body of remote write has
  // its memory given back and faulted in again, at a tenth of its CPU time.
  mallopt(M_TRIM_THRESHOLD, kKeptHeapBytesMax);
  const Logger log(config.log_level, config.log_format);
  const int64_t start_ms = wall_ms();
  const sigset_t signals = awaited_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  auto inherited = take_inherited_sockets();
  if (!inherited) return report_failed_start(log, inherited.error());
  const auto descriptors = net::raise_descriptor_limit();
  const auto plan =
      descriptors ? make_plan(config, *descriptors, !inherited->empty()) : std::unexpected(descriptors.error());
  if (!plan) return report_failed_start(log, plan.error());
  log_plan(log, config, *plan);
  if (const auto grown = net::grow_descriptor_table(*descriptors); !grown) {
    log.warn("bursts of connections may be accepted more slowly", {{"reason", grown.error().message}});
  }

  Server server(config, *plan, std::move(*inherited), log, start_ms);
  return run(server, log);
}

}  // namespace ms::server
