#include "server/bench.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/figures.h"
#include "load/ingest_report.h"
#include "load/listener_check.h"
#include "load/server_probe.h"
#include "load/storm_report.h"
#include "terminal/progress_line.h"

namespace ms::server {
namespace {

constexpr uint64_t kProgressEveryNs = 100 * kNanosPerMilli;
// For so long the ingest of a mixed load runs alone.
constexpr uint64_t kHeadStartNs = kNanosPerSecond;

int report(const Error& error) {
  std::fprintf(stderr, "metricstream bench: %s\n", error.message.c_str());
  return error.code == ErrorCode::kInvalid ? 2 : 1;
}

void print_json(JsonBuilder& json) { std::printf("%s\n", std::move(json).take().c_str()); }

// Whether the process that is named as the server is there.
Result<void> check_server(const BenchConfig& bench) {
  if (!bench.server_pid) return {};
  const std::string pid = std::to_string(*bench.server_pid);
  std::error_code error;
  if (std::filesystem::exists("/proc/" + pid, error)) return {};
  return fail(ErrorCode::kInvalid, "--server-pid " + pid + ": no such process");
}

// With the path that requests go to: `path`, or the URL's, or the protocol's own.
Result<load::HttpTarget> find_target(const std::string& url, const std::string& path, load::Protocol protocol) {
  auto target = load::parse_http_target(url);
  if (!target) return target;
  if (!path.empty()) target->path = path;
  if (target->path.empty()) target->path = load::default_path(protocol);
  return target;
}

std::string describe_progress(uint64_t begin_ns, uint64_t done, const char* what) {
  return duration(static_cast<double>(monotonic_ns() - begin_ns)) + ", " + figure(static_cast<double>(done)) + " " +
         what;
}

Result<load::StormRun> storm(const BenchConfig& bench, const load::StormSettings& settings,
                             terminal::ProgressLine& line) {
  const auto target = find_target(bench.url, bench.path, bench.protocol);
  if (!target) return std::unexpected(target.error());
  load::StormRun run{.url = bench.url, .protocol = bench.protocol, .path = target->path, .settings = settings};
  run.settings.seed = bench.seed;
  run.settings.network_namespace = bench.network_namespace;
  const auto requests = load::small_requests(*target, bench.protocol, settings.is_keep_alive, wall_ms());

  load::ServerProbe probe(target->address, bench.server_pid);
  const uint64_t begin_ns = monotonic_ns();
  auto figures = load::run_storm(run.settings, target->address, requests,
                                 [&](uint64_t ended) { line.show(describe_progress(begin_ns, ended, "done")); });
  run.server = probe.stop();
  if (!figures) return std::unexpected(std::move(figures).error().with_context(bench.url));
  run.figures = std::move(*figures);
  return run;
}

load::IngestSettings complete(load::IngestSettings settings, const BenchConfig& bench) {
  settings.seed = bench.seed;
  settings.network_namespace = bench.network_namespace;
  return settings;
}

// Requests take seconds to build: whoever has mistaken the URL should hear of it before.
Result<void> check_listener(const BenchConfig& bench, const load::HttpTarget& target, uint64_t timeout_ns) {
  auto found = load::check_listener(target.address, bench.network_namespace, timeout_ns);
  if (!found) return std::unexpected(std::move(found).error().with_context(bench.url));
  return {};
}

void prepare(load::Ingest& ingest, terminal::ProgressLine& line) {
  const uint64_t begin_ns = monotonic_ns();
  ingest.prepare([&](uint64_t samples) { line.show(describe_progress(begin_ns, samples, "samples built")); });
}

// Waits until it has ended, which is true, or for `timeout_ns`.
bool wait_end(load::Ingest& ingest, uint64_t timeout_ns, terminal::ProgressLine& line) {
  const uint64_t begin_ns = monotonic_ns();
  while (true) {
    const uint64_t passed_ns = monotonic_ns() - begin_ns;
    if (passed_ns >= timeout_ns) return false;
    const uint64_t pause_ns = std::min(kProgressEveryNs, timeout_ns - passed_ns);
    if (ingest.wait_for(std::chrono::nanoseconds(pause_ns))) return true;
    line.show(describe_progress(begin_ns, ingest.samples_acked(), "samples acknowledged"));
  }
}

Result<load::IngestRun> ingest(const IngestConfig& config) {
  const BenchConfig& bench = config.bench;
  const auto target = find_target(bench.url, bench.path, bench.protocol);
  if (!target) return std::unexpected(target.error());
  load::IngestRun run{.url = bench.url, .path = target->path, .settings = complete(config.ingest, bench)};
  run.settings.protocol = bench.protocol;
  if (auto found = check_listener(bench, *target, run.settings.timeout_ns); !found) {
    return std::unexpected(std::move(found).error());
  }

  terminal::ProgressLine line;
  load::Ingest ingest(run.settings, *target, wall_ms());
  prepare(ingest, line);
  load::ServerProbe probe(target->address, bench.server_pid);
  ingest.start();
  const bool is_timed = run.settings.samples == 0;
  if (!wait_end(ingest, is_timed ? run.settings.duration_ns : UINT64_MAX, line)) ingest.stop();
  auto figures = ingest.take_figures();
  run.server = probe.stop().server;
  if (!figures) return std::unexpected(std::move(figures).error().with_context(bench.url));
  run.figures = std::move(*figures);
  return run;
}

struct MixedRun {
  load::StormRun storm;
  load::IngestRun ingest;
};

void add(load::ServerFigures& sum, const load::ServerFigures& part) {
  sum.pids = part.pids;
  sum.cpu_ns += part.cpu_ns;
  sum.rss_bytes_max = std::max(sum.rss_bytes_max, part.rss_bytes_max);
}

// What the server spends is the ingest's and the storm's together, and stands with the ingest: of the storm alone
// nobody can tell.
Result<MixedRun> mixed(const MixedConfig& config) {
  const BenchConfig& bench = config.bench;
  const auto target = find_target(
      bench.url,
      config.ingest_path.empty() ? std::string(load::default_path(config.ingest.protocol)) : config.ingest_path,
      config.ingest.protocol);
  if (!target) return std::unexpected(target.error());
  MixedRun run{.ingest = {.url = bench.url, .path = target->path, .settings = complete(config.ingest, bench)}};
  const double storm_s = static_cast<double>(config.storm.units_max) / config.storm.rate_per_s;
  run.ingest.settings.duration_ns = kHeadStartNs + static_cast<uint64_t>(storm_s * 1e9);
  if (auto found = check_listener(bench, *target, run.ingest.settings.timeout_ns); !found) {
    return std::unexpected(std::move(found).error());
  }

  terminal::ProgressLine line;
  load::Ingest ingest(run.ingest.settings, *target, wall_ms());
  prepare(ingest, line);
  load::ServerProbe probe(target->address, bench.server_pid);
  ingest.start();
  const bool has_ended = wait_end(ingest, kHeadStartNs, line);
  add(run.ingest.server, probe.stop().server);
  if (!has_ended) {
    auto storm_run = storm(bench, config.storm, line);
    if (!storm_run) return std::unexpected(std::move(storm_run).error());
    run.storm = std::move(*storm_run);
    add(run.ingest.server, std::exchange(run.storm.server.server, {}));
  }
  ingest.stop();
  auto figures = ingest.take_figures();
  if (!figures) return std::unexpected(std::move(figures).error().with_context(bench.url));
  if (has_ended) return fail(ErrorCode::kUnavailable, "the server was lost before the storm could begin");
  run.ingest.figures = std::move(*figures);
  return run;
}

}  // namespace

int bench(const StormConfig& config) {
  if (const auto server = check_server(config.bench); !server) return report(server.error());
  const auto run = [&] {
    terminal::ProgressLine line;
    return storm(config.bench, config.storm, line);
  }();
  if (!run) return report(run.error());
  if (config.bench.is_json) {
    JsonBuilder json;
    load::write_storm(json, *run);
    print_json(json);
  } else {
    std::fputs(load::draw_storm(*run).c_str(), stdout);
  }
  return 0;
}

int bench(const IngestConfig& config) {
  if (const auto server = check_server(config.bench); !server) return report(server.error());
  const auto run = ingest(config);
  if (!run) return report(run.error());
  if (config.bench.is_json) {
    JsonBuilder json;
    load::write_ingest(json, *run);
    print_json(json);
  } else {
    std::fputs(load::draw_ingest(*run).c_str(), stdout);
  }
  return load::samples_not_sent(*run) == 0 ? 0 : 1;
}

int bench(const MixedConfig& config) {
  if (const auto server = check_server(config.bench); !server) return report(server.error());
  const auto run = mixed(config);
  if (!run) return report(run.error());
  if (config.bench.is_json) {
    JsonBuilder json;
    json.begin_object();
    json.key("storm");
    load::write_storm(json, run->storm);
    json.key("ingest");
    load::write_ingest(json, run->ingest);
    json.end_object();
    print_json(json);
  } else {
    std::fputs((load::draw_storm(run->storm) + "\n" + load::draw_ingest(run->ingest)).c_str(), stdout);
  }
  return 0;
}

}  // namespace ms::server
