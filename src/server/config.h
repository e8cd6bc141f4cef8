// The command line and the environment, parsed into types. Of serve a flag wins over its variable, METRICSTREAM_<FLAG>,
// and a variable over the default; the other commands read no variable.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/log.h"
#include "drain/settings.h"
#include "net/front_door.h"
#include "server/bench_options.h"
#include "server/ingest_options.h"
#include "storage/store.h"
#include "watch/watch.h"

namespace ms::server {

// `metricstream serve`. 0 in a limit: the default, which depends on the machine (see resources.h); of series: none.
struct ServeConfig {
  net::Architecture architecture = net::Architecture::kPool;
  std::vector<std::string> listen = {"127.0.0.1:8080"};
  std::string data_dir = "metricstream-data";
  int backlog = 0;
  uint64_t max_connections = 0;
  uint64_t connection_queue = 0;
  uint64_t workers = 0;
  int64_t queue_target_ms = 50;
  int64_t queue_deadline_ms = 1000;
  storage::SyncMode wal_sync = storage::SyncMode::kAlways;
  uint64_t memory_limit_bytes = 0;
  uint64_t min_free_disk_bytes = 100u << 20;
  uint64_t max_series = 0;
  int64_t max_future_ms = 2 * 24 * 3600 * 1000;
  int64_t lock_timeout_ms = 1000;
  int64_t shutdown_timeout_ms = 10'000;
  int64_t self_metrics_interval_ms = 5000;  // 0: off
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kLogfmt;
};

// `metricstream drain`.
struct DrainConfig {
  drain::Settings experiment;
  bool is_json = false;
  bool asks_plan = false;                      // of the experiment only the rate and the service time are meant
  uint64_t plan_p99_ns = 50 * kNanosPerMilli;  // what is planned for
};

// What is to be done instead of serving: print `text` and exit with `status` (0: help or version, 2: usage).
struct Farewell {
  int status = 0;
  std::string text;
};

// What the command line asks for.
using Command =
    std::variant<ServeConfig, DrainConfig, watch::WatchConfig, StormConfig, IngestConfig, MixedConfig, Farewell>;

Command parse_command_line(int argc, const char* const* argv);

// A number of bytes: "100MiB", "1.5G", "4096". Units are powers of 1024, with or without "iB" or "B".
Result<uint64_t> parse_size(const std::string& text);

}  // namespace ms::server
