#include "server/serve.h"

#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "api/front_door.h"
#include "api/health.h"
#include "api/ingest.h"
#include "api/page.h"
#include "api/query.h"
#include "api/self_metrics.h"
#include "api/self_recorder.h"
#include "api/start_gate.h"
#include "api/work_pool.h"
#include "base/clock.h"
#include "base/file_system.h"
#include "base/overload.h"
#include "base/thread.h"
#include "http/http_service.h"
#include "net/descriptors.h"
#include "net/front_door.h"
#include "net/socket_keeper.h"
#include "server/inherited_sockets.h"
#include "server/plan.h"
#include "server/service_manager.h"
#include "server/settings.h"
#include "server/signals.h"
#include "server/watchdog.h"
#include "storage/store.h"
#include "web/assets.h"

namespace ms::server {
namespace {

constexpr int kMappedBlockBytesMin = 1 << 20;
constexpr int kKeptHeapBytesMax = 4 << 20;  // at the end of each of the allocator's arenas
// While the log is replayed, the service manager is told each second that the start may take some more.
constexpr uint64_t kStartTellMs = 1000;
constexpr uint64_t kStartExtensionMs = 30'000;
constexpr std::string_view kOpening = "Opening the store";
// Beyond --shutdown-timeout: what a stop may take to commit, and to tell those who are being refused.
constexpr int64_t kStopExtensionMs = 10'000;
// How soon an address that a predecessor gives up is taken over: without a keeper nobody listens in between, and
// connects are refused.
constexpr std::chrono::milliseconds kAddressRetry{1};

// All parts of a running server, in the order in which they are built; taken down in reverse.
class Server {
 public:
  Server(const ServeConfig& config, Plan plan, std::vector<Descriptor> inherited, Logger& log, int64_t start_ms)
      : config_(config),
        plan_(std::move(plan)),
        running_(worked_out(config, plan_)),
        inherited_(std::move(inherited)),
        log_(log),
        start_ms_(start_ms),
        files_(make_posix_file_system()),
        service_(plan_.limits, starting_router_) {
    queue_policy_.target_ns = static_cast<uint64_t>(config.queue_target_ms) * kNanosPerMilli;
    queue_policy_.deadline_ns = static_cast<uint64_t>(config.queue_deadline_ms) * kNanosPerMilli;
    api::add_starting_routes(starting_router_, gate_);
    api::add_page_routes(starting_router_, web::assets());
  }
  // The front door goes before the gate does, and may hand it requests until then.
  ~Server() { gate_.close(); }

  // Listens before the store is open: who connects while the log is replayed waits, or is told to come back, and is not
  // lost. `on_wait` is called again and again while an address is waited for.
  Result<void> open_front_door(const std::function<void()>& on_wait) {
    auto front_door = bind_front_door(on_wait);
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
    const api::StartGate::Counts waited = gate_.open(router_);
    log_.info("ready", {{"requests_waited", waited.passed}, {"requests_refused", waited.refused}});
    return {};
  }

  // Once the store is open.
  void end_streams() { front_door_api_->end_streams(); }

  // Answers what is in hand. Returns how many connections were left at the timeout.
  uint64_t close_front_door() {
    service_.begin_stop();
    const uint64_t left = front_door_->stop(static_cast<uint64_t>(running_.shutdown_timeout_ms));
    if (left > 0) {
      log_.warn("connections were left unfinished at the shutdown timeout", {{"connections", left}});
    }
    return left;
  }

  // Reads the configuration again and applies what can change while the server runs. One that is wrong changes nothing.
  void reload() {
    if (config_.config_file.empty()) {
      log_.warn("there is nothing to reload: the server was started without --config");
      return;
    }
    const auto again = read_again(config_);
    const bool is_inherited = plan_.front_door.addresses.empty();
    const auto plan =
        again ? make_plan(*again, plan_.front_door.descriptors_max, is_inherited) : std::unexpected(again.error());
    if (!plan) {
      log_.error("the configuration is not reloaded; all settings stay as they are",
                 {{"reason", plan.error().message}});
      return;
    }
    const ServeConfig wanted = worked_out(*again, *plan);
    const ServeConfig before = as_it_runs();
    running_ = adopt_settings(before, wanted, plan_.front_door.connections_max);
    apply(running_);
    // With the more talkative of both levels, so that a change of it is told whichever way it goes.
    log_.set_level(std::min(before.log_level, running_.log_level));
    log_reload(compare_settings(before, running_), compare_settings(running_, wanted));
    warn_of_descriptors(log_, *again, *plan);
    log_.set_level(running_.log_level);
  }

  const net::FrontDoor& front_door() const { return *front_door_; }
  const ServeConfig& running() const { return running_; }

  void close_store() {
    self_recorder_.reset();
    store_->close();
  }

  // Who is not accepted any more waits for a successor, if one comes within a second of our end. A socket that was
  // handed over outlives us by itself.
  void keep_sockets() {
    if (getpid() == 1) return;  // all processes of a container end with its first
    std::vector<int> sockets;
    for (const net::Listener& listener : front_door_->listeners()) {
      if (!listener.is_inherited()) sockets.push_back(listener.fd());
    }
    if (sockets.empty()) return;
    const Result<pid_t> keeper = net::start_socket_keeper(sockets);
    if (!keeper) {
      return log_.warn("who connects before the next server listens will have no answer",
                       {{"reason", keeper.error().message}});
    }
    log_.info("listening sockets are kept for a successor", {{"ms", net::kKeepSocketsMs}, {"pid", *keeper}});
    front_door_->leave_queues();
  }

  // Where the store cannot be opened: tells everyone who has come.
  void give_up_start() {
    gate_.close();
    close_front_door();
  }

 private:
  // A predecessor may still have the address, as it may have the data directory's lock: both are waited for. The
  // addresses before the one that is taken are had meanwhile.
  Result<std::unique_ptr<net::FrontDoor>> bind_front_door(const std::function<void()>& on_wait) {
    const uint64_t deadline_ns = monotonic_ns() + static_cast<uint64_t>(config_.lock_timeout_ms) * kNanosPerMilli;
    bool is_first = true;
    return net::FrontDoor::open(plan_.front_door, std::move(inherited_), [&](const Error& taken) {
      if (monotonic_ns() >= deadline_ns || is_stop_pending()) return false;
      if (std::exchange(is_first, false)) log_.info("waiting for the address", {{"reason", taken.message}});
      on_wait();
      std::this_thread::sleep_for(kAddressRetry);
      return true;
    });
  }

  // The settings, with those that the front door's API may have changed as they are now.
  ServeConfig as_it_runs() {
    ServeConfig config = running_;
    const api::FrontDoorSettings door = front_door_api_->settings();
    config.queue_target_ms = static_cast<int64_t>(door.queue_target_ns / kNanosPerMilli);
    config.queue_deadline_ms = static_cast<int64_t>(door.queue_deadline_ns / kNanosPerMilli);
    config.connection_queue = door.connection_queue;
    config.max_connections = door.max_connections;
    return config;
  }

  void apply(const ServeConfig& config) {
    front_door_api_->adopt({.queue_target_ns = static_cast<uint64_t>(config.queue_target_ms) * kNanosPerMilli,
                            .queue_deadline_ns = static_cast<uint64_t>(config.queue_deadline_ms) * kNanosPerMilli,
                            .connection_queue = config.connection_queue,
                            .max_connections = config.max_connections});
    store_->set_limits({.memory_bytes_max = config.memory_limit_bytes,
                        .disk_free_bytes_min = config.min_free_disk_bytes,
                        .series_max = config.max_series});
    ingest_api_->set_future_ms_max(config.max_future_ms);
    self_recorder_->set_interval_ms(config.self_metrics_interval_ms);
  }

  void log_reload(const std::vector<SettingChange>& changed, const std::vector<SettingChange>& pending) const {
    for (const auto& [name, from, to] : changed) {
      log_.info("setting changed", {{"setting", name}, {"from", from}, {"to", to}});
    }
    for (const auto& [name, from, to] : pending) {
      log_.warn("this setting changes with a restart only", {{"setting", name}, {"now", from}, {"then", to}});
    }
    log_.info("configuration reloaded",
              {{"file", config_.config_file}, {"changed", changed.size()}, {"need_restart", pending.size()}});
  }

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
    front_door_api_.emplace(*front_door_, queue_policy_, *looks_, *heavy_, log_);
    self_metrics_.emplace(*front_door_, service_, *store_, *queries_, *heavy_, self_records_, front_door_api_->stream(),
                          MS_VERSION, static_cast<double>(start_ms_) / 1000);
    front_door_api_->add_routes(router_);
    ingest_api_->add_routes(router_);
    self_metrics_->add_routes(router_);
    query_api_->add_routes(router_);
    api::add_health_routes(router_, *store_);
    api::add_page_routes(router_, web::assets());
    service_.route_by(router_);
    self_recorder_.emplace(*self_metrics_, *store_, self_records_, wall_ms, config_.self_metrics_interval_ms);
  }

  const ServeConfig& config_;
  const Plan plan_;
  ServeConfig running_;                // worked out, and as the last reload left it
  std::vector<Descriptor> inherited_;  // until the front door has them
  Logger& log_;
  const int64_t start_ms_;
  const std::unique_ptr<FileSystem> files_;
  QueuePolicy queue_policy_;
  api::StartGate gate_{queue_policy_};
  http::Router starting_router_;
  http::Router router_;
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

std::string microseconds(uint64_t ms) { return std::to_string(ms * 1000); }

// A server's life as main sees it: the start, signals and what the service manager is told, the stop.
class Life {
 public:
  Life(Server& server, const ServiceManager& manager, const Logger& log)
      : server_(server), manager_(manager), log_(log) {}

  // Returns the exit status.
  int run() {
    if (const auto opened = server_.open_front_door([this] { tell_of_address(); }); !opened) {
      if (!is_stop_pending()) return report_failed_start(log_, opened.error());
      log_.info("stopped before it had its addresses", {{"reason", opened.error().message}});
      return 0;
    }
    // On a thread of its own, so that a signal is heard while a lock is waited for or a long log is replayed.
    Result<void> opened;
    Thread opener("store-open", [this, &opened] {
      opened = server_.open_store();
      kill(getpid(), kStoreOpened);
    });
    tell_start(kOpening);
    while (true) {
      const std::optional<int> signal_number = wait_for_signal(pause_ms());
      if (signal_number == kStoreOpened && !is_open_) {
        opener.join();
        if (!opened) {
          server_.give_up_start();
          return report_failed_start(log_, opened.error());
        }
        become_ready();
      } else if (signal_number == SIGHUP) {
        ask_for_reload();
      } else if (signal_number == SIGTERM || signal_number == SIGINT) {
        return stop(*signal_number);
      }
      tell();
    }
  }

 private:
  // How long to wait for a signal; 0: there is nothing else to do.
  uint64_t pause_ms() const {
    if (!is_open_) return manager_.is_there() ? kStartTellMs : 0;
    return watchdog_ ? watchdog_->pause_ms() : 0;
  }

  void tell() {
    if (!is_open_) tell_start(kOpening);
    if (watchdog_) watchdog_->look();
  }

  void tell_start(std::string_view status) {
    manager_.tell("STATUS=" + std::string(status) + "\nEXTEND_TIMEOUT_USEC=" + microseconds(kStartExtensionMs));
    told_ns_ = monotonic_ns();
  }

  void tell_of_address() {
    if (monotonic_ns() - told_ns_ >= kStartTellMs * kNanosPerMilli) tell_start("Waiting for the address");
  }

  void become_ready() {
    is_open_ = true;
    tell_ready();
    if (manager_.watchdog_us() != 0) watchdog_.emplace(server_.front_door(), manager_, log_);
    if (is_reload_asked_for_) ask_for_reload();
  }

  void tell_ready() const {
    std::string addresses;
    for (const net::Listener& listener : server_.front_door().listeners()) addresses += " " + listener.address();
    manager_.tell("READY=1\nSTATUS=Serving on" + addresses);
  }

  // Before the store is open there are not all parts to apply it to.
  void ask_for_reload() {
    is_reload_asked_for_ = !is_open_;
    if (!is_open_) return;
    manager_.tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(monotonic_ns() / 1000));
    server_.reload();
    tell_ready();
  }

  int stop(int signal_number) {
    unblock_stop_signals();
    const uint64_t begin_ns = monotonic_ns();
    const auto timeout_ms = static_cast<uint64_t>(server_.running().shutdown_timeout_ms + kStopExtensionMs);
    manager_.tell("STOPPING=1\nSTATUS=Answering what is in hand\nEXTEND_TIMEOUT_USEC=" + microseconds(timeout_ms));
    log_.info("stopping", {{"signal", signal_number == SIGTERM ? "SIGTERM" : "SIGINT"}});
    // SIGINT is a person's, who wants the address free.
    if (signal_number == SIGTERM) server_.keep_sockets();
    if (is_open_) server_.end_streams();
    const uint64_t left = server_.close_front_door();
    if (is_open_) server_.close_store();
    log_.info("stopped", {{"took_ms", (monotonic_ns() - begin_ns) / kNanosPerMilli}});
    // Nothing has been acknowledged by a store that is still being opened, and queries whose clients are given up need
    // not be finished: neither is waited for.
    if (!is_open_ || left > 0) std::_Exit(0);
    return 0;
  }

  Server& server_;
  const ServiceManager& manager_;
  const Logger& log_;
  uint64_t told_ns_ = 0;  // when the manager was last told of the start; monotonic
  bool is_open_ = false;
  bool is_reload_asked_for_ = false;
  std::optional<Watchdog> watchdog_;
};

}  // namespace

int serve(const ServeConfig& config) {
  // Blocks of this size and more, which are bodies, decoders and their like, go back to the system when they are freed.
  // Left to itself glibc moves that threshold up to 32 MiB as such blocks are freed, keeps in each thread's arena what
  // lies below it, and an empty server holds several hundred MB after a burst of bodies.
  mallopt(M_MMAP_THRESHOLD, kMappedBlockBytesMin);
  // What is below it stays for the next body. At the 128 KiB that glibc keeps by itself, every body of remote write has
  // its memory given back and faulted in again, at a tenth of its CPU time.
  mallopt(M_TRIM_THRESHOLD, kKeptHeapBytesMax);
  Logger log(config.log_level, config.log_format);
  const int64_t start_ms = wall_ms();
  block_signals();
  signal(SIGPIPE, SIG_IGN);

  const auto manager = ServiceManager::from_environment();
  if (!manager) return report_failed_start(log, manager.error());
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
  return Life(server, *manager, log).run();
}

}  // namespace ms::server
