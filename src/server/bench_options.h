// `metricstream bench ...`: the options of its commands, parsed into types.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "load/protocol.h"
#include "load/storm.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace ms::server {

// Of an open loop: the moment of each arrival is drawn before the run.
constexpr uint64_t kArrivalsMax = 50'000'000;

// What each of the commands takes.
struct BenchConfig {
  std::string url = "http://127.0.0.1:8080";
  load::Protocol protocol = load::Protocol::kJson;
  std::string path;  // empty: the URL's, else the protocol's own
  bool is_json = false;
  std::optional<pid_t> server_pid;
  std::string network_namespace;  // that the generator enters; empty: ours
  uint64_t seed = 1;
};

// `metricstream bench storm`.
struct StormConfig {
  BenchConfig bench;
  load::StormSettings storm;
};

// The command that those below are commands of.
CLI::App* add_bench_command(CLI::App& app);

// What each of the commands takes. Of `protocols`, those that it speaks, the first is the default.
void add_bench_options(CLI::App& command, BenchConfig& config, const std::vector<load::Protocol>& protocols);

// An option that is one of `protocols`, of which the first is the default.
void add_protocol(CLI::App& command, const std::string& flag, load::Protocol& protocol,
                  const std::vector<load::Protocol>& protocols, const std::string& help);
// An option that is the path of an HTTP request, "/write?db=x".
void add_path(CLI::App& command, const std::string& flag, std::string& path, const std::string& help);

CLI::App* add_storm_command(CLI::App& bench, StormConfig& config);

}  // namespace ms::server
