// ./dev bench restart: what clients see of a restart, and where its time goes.
//
// A server with a store of some size is stopped and started again and again, each time under 1.5 seconds of new
// connections in an open loop, and beside clients that keep theirs. This process holds the listening socket, as a
// socket unit does; with --own-socket the server opens its own.
//
//     drain   from SIGTERM to the end of the process; at first it still accepts
//     start   from there until GET /ready says 200
//     gap     the longest time in which nobody was answered 2xx
//     wait    the longest that a new connection waited for its 2xx
//
// The exit status is 1 where somebody was refused, answered anything but 2xx, reset or left without an answer, or a
// sample is missing.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "base/clock.h"
#include "support/child_process.h"
#include "support/restart_load.h"
#include "support/server_process.h"
#include "support/socket.h"
#include "support/wait.h"

namespace ms::test {
namespace {

constexpr int kBacklog = 4096;
constexpr uint64_t kWaveNs = 1500 * kNanosPerMilli;
constexpr uint64_t kBeforeStop = 400;  // arrivals of a wave that are served before the server is stopped
constexpr seconds kPatience{60};

struct Options {
  int restarts = 20;
  uint64_t samples = 1'000'000;
  uint64_t series = 10'000;
  double rate = 2000;
  uint64_t keepers = 12;
  bool is_own_socket = false;
};

struct Times {
  double drain_ms = 0;
  double start_ms = 0;
  double gap_ms = 0;
  double wait_ms = 0;
};

double ms_of(uint64_t ns) { return static_cast<double>(ns) / static_cast<double>(kNanosPerMilli); }

bool fill_store(const Endpoint& endpoint, const Options& options) {
  if (options.samples == 0) return true;
  ChildProcess ingest({.arguments = {server_path(), "bench", "ingest", "--samples", std::to_string(options.samples),
                                     "--series", std::to_string(options.series), "http://" + endpoint.text()}});
  const auto exit = ingest.wait_exit(seconds(600));
  return exit && exit->code == 0;
}

// The number behind `key=` in the last such place of a log; "-" where there is none.
std::string logged(const std::string& log, const std::string& key) {
  const size_t begin = log.rfind(' ' + key + '=');
  if (begin == std::string::npos) return "-";
  const size_t value = begin + key.size() + 2;
  return log.substr(value, log.find_first_of(" \n", value) - value);
}

bool restart(ServerProcess& server, RestartLoad& load, Times& times) {
  load.begin_wave(kWaveNs);
  if (!wait_until(kPatience, [&] { return load.wave_served() >= kBeforeStop; })) return false;
  const uint64_t begin_ns = monotonic_ns();
  server.signal(SIGTERM);
  if (!server.wait_exit(kPatience)) return false;
  const uint64_t ended_ns = monotonic_ns();
  const std::string stopped_ms = logged(server.log(), "took_ms");
  if (const auto started = server.start(); !started) {
    std::cerr << started.message() << '\n';
    return false;
  }
  const uint64_t ready_ns = monotonic_ns();
  load.end_wave();
  times = {.drain_ms = ms_of(ended_ns - begin_ns),
           .start_ms = ms_of(ready_ns - ended_ns),
           .gap_ms = ms_of(load.longest_silence_ns(begin_ns, monotonic_ns())),
           .wait_ms = ms_of(load.longest_arrival_ns())};
  std::printf("%10.0f %10.0f %10.0f %10.0f   stopped_ms=%s replay_ms=%s requests_waited=%s\n", times.drain_ms,
              times.start_ms, times.gap_ms, times.wait_ms, stopped_ms.c_str(),
              logged(server.log(), "replay_ms").c_str(), logged(server.log(), "requests_waited").c_str());
  return true;
}

void print_summary(const char* name, std::vector<Times> all, double Times::* figure) {
  std::ranges::sort(all, {}, figure);
  std::printf("%-6s median %5.0f ms, most %5.0f ms\n", name, all[all.size() / 2].*figure, all.back().*figure);
}

int run(const Options& options) {
  raise_descriptor_limit();
  const Descriptor socket = listen_on_loopback(kBacklog);
  ServerOptions server_options{.flags = {"--backlog", std::to_string(kBacklog)}};
  if (options.is_own_socket) {
    server_options.listen = {"127.0.0.1:" + std::to_string(choose_free_port())};
  } else {
    server_options.listen = {};
    server_options.sockets = {socket.get()};
  }
  ServerProcess server(server_options);
  if (!server.start() || !fill_store(server.endpoint(), options)) {
    std::cerr << "the server does not start, or does not take the samples:\n" << server.log();
    return 1;
  }
  RestartLoad load(
      {.endpoint = server.endpoint(), .arrivals_per_s = options.rate, .keepers = options.keepers, .seed = 1});
  std::vector<Times> all(static_cast<size_t>(options.restarts));
  std::printf("%10s %10s %10s %10s\n", "drain ms", "start ms", "gap ms", "wait ms");
  for (Times& times : all) {
    if (!restart(server, load, times)) return 1;
  }
  load.finish();
  const testing::AssertionResult found = load.find_acknowledged(server.endpoint());
  print_summary("drain", all, &Times::drain_ms);
  print_summary("start", all, &Times::start_ms);
  print_summary("gap", all, &Times::gap_ms);
  print_summary("wait", all, &Times::wait_ms);
  const RestartLoad::Counts counts = load.counts();
  std::cout << counts << '\n' << (found ? "every acknowledged sample is there" : found.message()) << '\n';
  const uint64_t lost = counts.refused() + counts.reset() + counts.unanswered() + counts.arrivals.other_status;
  return found && lost == 0 ? 0 : 1;
}

}  // namespace
}  // namespace ms::test

int main(int argc, char** argv) {
  ms::test::Options options;
  CLI::App app("Restarts a server under load, and tells what its clients saw of it");
  app.add_option("--restarts", options.restarts, "how many")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--samples", options.samples, "in the store before")->capture_default_str();
  app.add_option("--series", options.series, "of these samples")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--rate", options.rate, "new connections a second")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--keepers", options.keepers, "clients that keep their connection")->capture_default_str();
  app.add_flag("--own-socket", options.is_own_socket, "the server opens its socket itself");
  CLI11_PARSE(app, argc, argv);
  return ms::test::run(options);
}
