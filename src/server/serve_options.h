// What `metricstream serve` is told: by its flags, by their variables of the environment, METRICSTREAM_<FLAG>, and by a
// file (server/config_file.h). A flag wins over its variable, a variable over the file, the file over the default.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "net/front_door.h"
#include "storage/store.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}

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
  int64_t self_metrics_interval_ms = 10'000;  // 0: off
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kLogfmt;
  std::string config_file;             // empty: none
  std::vector<std::string> arguments;  // the command line that it was read from
};

// Adds the command. What the flags and variables say goes over what `config` says, which outlives `app`.
void add_serve_command(CLI::App& app, ServeConfig& config);

// What its file says goes over what `config` says. Errors (kInvalid) name the file, the line and the setting.
Result<void> apply_config_file(ServeConfig& config);

// Whether the settings fit each other, wherever each came from.
Result<void> check_serve_config(const ServeConfig& config);

// A number of bytes: "100MiB", "1.5G", "4096". Units are powers of 1024, with or without "iB" or "B".
Result<uint64_t> parse_size(const std::string& text);

}  // namespace ms::server
