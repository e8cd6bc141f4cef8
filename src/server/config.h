// The command line, parsed into types. serve is also told by the environment and by a file (server/serve_options.h);
// the other commands read neither.
#pragma once

#include <string>
#include <variant>

#include "drain/settings.h"
#include "server/bench_options.h"
#include "server/ingest_options.h"
#include "server/serve_options.h"
#include "watch/watch.h"

namespace ms::server {

// `metricstream drain`.
struct DrainConfig {
  drain::Settings experiment;
  bool is_json = false;
  std::string html_path;                       // empty: no file is written
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

// The same command line and environment, with the file as it is now.
Result<ServeConfig> read_again(const ServeConfig& config);

}  // namespace ms::server
