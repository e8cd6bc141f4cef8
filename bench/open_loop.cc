// An open loop against `metricstream serve`: new connections at a fixed mean rate (Poisson), each with one small write,
// whether or not the earlier ones have been answered. Prints what was answered, how long it took, and where it waited.
//
// The generator shares the machine with the server: its own lag, which is part of every latency, stands beside.
#include <arpa/inet.h>
#include <sys/socket.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"
#include "load/arrivals.h"
#include "load/child.h"
#include "load/listen_queue_probe.h"
#include "net/kernel_counters.h"
#include "server_under_test.h"

namespace ms::bench {
namespace {

struct Settings {
  std::string program;
  double rate_per_s = 10'000;
  uint64_t duration_s = 10;
  std::string backlog = "1024";
  std::string workers = "8";
  std::string wal_sync = "always";
  uint64_t seed = 1;
};

constexpr uint64_t kClientTimeoutS = 10;

// One sample with 8 labels; 100 different series in turn.
std::vector<std::string> small_writes() {
  std::vector<std::string> requests;
  for (int host = 0; host < 100; ++host) {
    const std::string body =
        R"({"name":"cpu_usage_user","value":42.5,"tags":{"host":"host_)" + std::to_string(host) +
        R"(","region":"eu-west-1","datacenter":"eu-west-1b","rack":"67","os":"Ubuntu16.10","arch":"x64","team":"NYC"}})";
    requests.push_back(
        "POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n" +
        ("Content-Length: " + std::to_string(body.size())) + "\r\n\r\n" + body);
  }
  return requests;
}

load::Target loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  load::Target target{.size = sizeof address};
  std::memcpy(&target.address, &address, sizeof address);
  return target;
}

double milliseconds(uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e6; }

void print(const load::Tally& tally, const load::Summary& latency, const load::Summary& lag) {
  std::printf("clients      %llu: 2xx %llu, 503 %llu, other status %llu, timed out %llu, reset %llu, failed %llu\n",
              static_cast<unsigned long long>(tally.offered), static_cast<unsigned long long>(tally.served),
              static_cast<unsigned long long>(tally.refused), static_cast<unsigned long long>(tally.other_status),
              static_cast<unsigned long long>(tally.timed_out), static_cast<unsigned long long>(tally.reset),
              static_cast<unsigned long long>(tally.connect_refused + tally.cut_short + tally.not_begun));
  std::printf("latency      p50 %.2f ms, p99 %.2f ms, max %.2f ms, from the scheduled moment to the whole reply\n",
              milliseconds(latency.p50_ns), milliseconds(latency.p99_ns), milliseconds(latency.max_ns));
  std::printf("of which     p50 %.2f ms, p99 %.2f ms, max %.2f ms are the generator's own lag\n",
              milliseconds(lag.p50_ns), milliseconds(lag.p99_ns), milliseconds(lag.max_ns));
}

Result<void> run(const Settings& settings) {
  const load::Plan plan{
      .schedule_ns = load::poisson_arrivals(settings.rate_per_s, settings.duration_s * kNanosPerSecond, settings.seed),
      .requests = small_writes(),
      .timeout_ns = kClientTimeoutS * kNanosPerSecond};
  auto server = ServerUnderTest::start(settings.program, {"--backlog", settings.backlog, "--workers", settings.workers,
                                                          "--wal-sync", settings.wal_sync});
  if (!server) return std::unexpected(std::move(server).error());
  auto clients = load::LoadChild::fork(plan);
  if (!clients) return std::unexpected(std::move(clients).error());

  const net::NamespaceCounters before = net::read_namespace_counters();
  const uint64_t cpu_before_ns = server->cpu_ns();
  load::ListenQueueProbe probe(loopback(server->port()));
  if (auto started = clients->start(loopback(server->port())); !started) return started;
  auto report = clients->collect([](size_t) {});
  const load::ListenQueueProbe::Depths depths = probe.stop();
  if (!report) return std::unexpected(std::move(report).error());
  const double server_cpu_us = static_cast<double>(server->cpu_ns() - cpu_before_ns) / 1e3;
  const net::NamespaceCounters after = net::read_namespace_counters();

  const auto count = static_cast<double>(report->attempts.size());
  std::printf("offered      %.0f connections a second for %llu s, --backlog %s, --workers %s, --wal-sync %s\n",
              settings.rate_per_s, static_cast<unsigned long long>(settings.duration_s), settings.backlog.c_str(),
              settings.workers.c_str(), settings.wal_sync.c_str());
  print(load::tally(report->attempts), load::summarize(load::total_latencies_ns(report->attempts)),
        load::summarize(load::lags_ns(report->attempts)));
  std::printf("listen queue mean %.3f, max %u in %llu samples; overflows %llu, drops %llu in this network namespace\n",
              depths.mean, depths.max, static_cast<unsigned long long>(depths.samples),
              static_cast<unsigned long long>(after.listen_overflows - before.listen_overflows),
              static_cast<unsigned long long>(after.listen_drops - before.listen_drops));
  std::printf("CPU          server %.1f us, generator %.1f us a connection\n", server_cpu_us / count,
              static_cast<double>(report->cpu_ns) / 1e3 / count);
  return {};
}

int main(int argc, char** argv) {
  Settings settings;
  settings.program = (std::filesystem::path(argv[0]).parent_path() / "metricstream").string();
  CLI::App app("New connections at a fixed rate, each with one small write, against a server that this starts.");
  app.add_option("--program", settings.program, "The metricstream to start.")->capture_default_str();
  app.add_option("--rate", settings.rate_per_s, "Connections a second.")
      ->check(CLI::Range(1.0, 100'000.0))
      ->capture_default_str();
  app.add_option("--duration", settings.duration_s, "Seconds.")->check(CLI::Range(1, 600))->capture_default_str();
  app.add_option("--backlog", settings.backlog, "Of the server.")->capture_default_str();
  app.add_option("--workers", settings.workers, "Of the server.")->capture_default_str();
  app.add_option("--wal-sync", settings.wal_sync, "Of the server: always, os.")->capture_default_str();
  app.add_option("--seed", settings.seed, "Of the arrivals.")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (const auto done = run(settings); !done) {
    std::fprintf(stderr, "open_loop: %s\n", done.error().message.c_str());
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace ms::bench

int main(int argc, char** argv) { return ms::bench::main(argc, argv); }
