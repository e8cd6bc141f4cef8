#include "server/bench.h"

#include <signal.h>

#include <cstdio>
#include <string>

#include "base/clock.h"
#include "base/figures.h"
#include "load/server_probe.h"
#include "load/storm_report.h"
#include "terminal/progress_line.h"

namespace ms::server {
namespace {

int report(const Error& error) {
  std::fprintf(stderr, "metricstream bench: %s\n", error.message.c_str());
  return error.code == ErrorCode::kInvalid ? 2 : 1;
}

// With the path that requests go to.
Result<load::HttpTarget> find_target(const BenchConfig& config) {
  auto target = load::parse_http_target(config.url);
  if (!target) return target;
  if (!config.path.empty()) target->path = config.path;
  if (target->path.empty()) target->path = load::default_path(config.protocol);
  return target;
}

std::string describe_progress(uint64_t elapsed_ns, uint64_t ended) {
  return duration(static_cast<double>(elapsed_ns)) + ", " + figure(static_cast<double>(ended)) + " done";
}

Result<load::StormRun> storm(const StormConfig& config) {
  const auto target = find_target(config.bench);
  if (!target) return std::unexpected(target.error());
  load::StormRun run{
      .url = config.bench.url, .protocol = config.bench.protocol, .path = target->path, .settings = config.storm};
  run.settings.seed = config.bench.seed;
  run.settings.network_namespace = config.bench.network_namespace;
  const auto requests = load::small_requests(*target, config.bench.protocol, config.storm.is_keep_alive, wall_ms());

  terminal::ProgressLine line;
  load::ServerProbe probe(target->address, config.bench.server_pid);
  const uint64_t begin_ns = monotonic_ns();
  auto figures = load::run_storm(run.settings, target->address, requests, [&](uint64_t ended) {
    line.show(describe_progress(monotonic_ns() - begin_ns, ended));
  });
  run.server = probe.stop();
  if (!figures) return std::unexpected(std::move(figures).error());
  run.figures = std::move(*figures);
  return run;
}

}  // namespace

int bench(const StormConfig& config) {
  signal(SIGPIPE, SIG_IGN);
  const auto run = storm(config);
  if (!run) return report(run.error());
  if (config.bench.is_json) {
    JsonBuilder json;
    load::write_storm(json, *run);
    std::printf("%s\n", std::move(json).take().c_str());
  } else {
    std::fputs(load::draw_storm(*run).c_str(), stdout);
  }
  return 0;
}

}  // namespace ms::server
