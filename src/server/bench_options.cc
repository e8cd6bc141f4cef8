#include "server/bench_options.h"

#include <CLI/CLI.hpp>
#include <utility>
#include <vector>

#include "server/command_options.h"

namespace ms::server {
namespace {

constexpr pid_t kPidMax = 1 << 22;  // of Linux

constexpr const char* kBenchFooter = R"(
Each command works against any server that speaks HTTP/1.1 and the protocol, and prints what became of each request,
how long it took from the moment it was due, and what the server spent on it where it is on this machine.

A run that is interrupted (Ctrl-C) ends without figures.

See: metricstream bench storm --help, metricstream bench ingest --help, metricstream bench mixed --help)";

constexpr const char* kStormDescription =
    R"(Connections in great number, each with one small write: one sample with eight labels, of 100 different series in turn.
A closed loop by default: --concurrency clients, each of which comes again when it has been answered. On loopback
clients come from 127.0.0.2 to 127.0.0.9.)";

constexpr const char* kStormFooter = R"(
Latency counts from the moment at which a connection was due, which is the end of the one before in a closed loop, to
the last byte of the reply: so the time for which the generator or the server held the next one up is in it. The
generator's own lag, its part of that, stands beside.

  metricstream bench storm                                   256 clients for 10 s, a new connection for each write
  metricstream bench storm --rate 4000 --connections 20000   4,000 new connections a second, answered or not
  metricstream bench storm --burst 10000 --threads 2         10,000 connects at once, from two threads
  metricstream bench storm --keep-alive --concurrency 64     64 connections that stay open
  metricstream bench storm --protocol get --path / http://127.0.0.1:80 --json | jq .latency_us

Exit status: 0 done, whatever the server answered; 1 failed; 2 usage.)";

Result<std::string> parse_path(const std::string& text) {
  const bool is_path = text.starts_with('/') && std::ranges::all_of(text, [](char c) { return c > ' ' && c != 0x7f; });
  if (!is_path) return fail(ErrorCode::kInvalid, "\"" + text + "\" is no path; write it as /write?db=x");
  return text;
}

Result<std::string> parse_namespace(const std::string& text) {
  if (text.empty() || text.find('/') != std::string::npos) {
    return fail(ErrorCode::kInvalid, "\"" + text + "\" is no name in /run/netns");
  }
  return text;
}

// The moment of each arrival is drawn before the run.
void check_arrivals(const load::StormSettings& storm) {
  const double arrivals = storm.units_max != 0 ? static_cast<double>(storm.units_max)
                                               : storm.rate_per_s * static_cast<double>(storm.duration_ns) / 1e9;
  if (arrivals <= static_cast<double>(kArrivalsMax)) return;
  throw CLI::ValidationError("--rate", "more than " + std::to_string(kArrivalsMax) +
                                           " connections in all; take fewer --connections, or a shorter --duration");
}

void add_loop_options(CLI::App& command, load::StormSettings& storm) {
  using load::StormMode;
  CLI::Option* concurrency = add(command, "--concurrency", storm.concurrency, "Closed loop: so many clients.")
                                 ->type_name("N")
                                 ->check(CLI::Range(uint64_t{1}, uint64_t{1'000'000}))
                                 ->capture_default_str();
  CLI::Option* rate = add(command, "--rate", storm.rate_per_s,
                          "Open loop: so many connections a second, as Poisson arrivals, answered or not.")
                          ->type_name("R")
                          ->check(real_range(0.1, 1'000'000.0))
                          ->excludes(concurrency);
  CLI::Option* burst =
      command
          .add_option_function<uint64_t>(
              "--burst", [&storm](uint64_t count) { storm.units_max = count; }, "So many connections at once.")
          ->type_name("N")
          ->check(CLI::Range(uint64_t{1}, uint64_t{1'000'000}))
          ->excludes(concurrency)
          ->excludes(rate);
  CLI::Option* connections = add(command, "--connections", storm.units_max,
                                 "End after so many connections, or with --keep-alive so many requests.")
                                 ->type_name("N")
                                 ->check(CLI::Range(uint64_t{1}, uint64_t{1'000'000'000}))
                                 ->excludes(burst);
  add_parsed(command, "--duration", storm.duration_ns, "DURATION", "10s", parse_run_time, "How long clients come.")
      ->excludes(burst)
      ->excludes(connections);
  command
      .add_flag("--keep-alive", storm.is_keep_alive, "Closed loop: connections stay open, and requests are counted.")
      ->excludes(rate)
      ->excludes(burst);
  command.parse_complete_callback([&storm, rate, burst] {
    if (rate->count() > 0) {
      storm.mode = StormMode::kOpen;
      check_arrivals(storm);
    }
    if (burst->count() > 0) storm.mode = StormMode::kBurst;
  });
}

// The library reads "-1" as the largest integer.
std::string refuse_negative(const std::string& text) {
  return text.starts_with('-') ? "\"" + text + "\" is negative" : std::string();
}

}  // namespace

CLI::App* add_bench_command(CLI::App& app) {
  CLI::App* command = app.add_subcommand("bench", "Put a server under load, and measure it.");
  command->footer(kBenchFooter);
  command->get_formatter()->column_width(36);
  command->require_subcommand(1);
  return command;
}

void add_protocol(CLI::App& command, const std::string& flag, load::Protocol& protocol,
                  const std::vector<load::Protocol>& protocols, const std::string& help) {
  protocol = protocols.front();
  const auto choices = named_choices(protocols, load::protocol_name);
  add_choice(command, flag, protocol, choices.front().first, choices, help);
}

void add_path(CLI::App& command, const std::string& flag, std::string& path, const std::string& help) {
  add_parsed(command, flag, path, "PATH", "the protocol's own", parse_path, help);
}

void add_bench_options(CLI::App& command, BenchConfig& config, const std::vector<load::Protocol>& protocols) {
  command.add_option("url", config.url, "The server: http. A path in it stands for --path.")
      ->type_name("URL")
      ->capture_default_str();
  std::string help = "What is sent, to";
  for (const load::Protocol each : protocols) {
    help += (each == protocols.front() ? " " : ", ") + std::string(load::default_path(each));
  }
  add_protocol(command, "--protocol", config.protocol, protocols, help + ".");
  add_path(command, "--path", config.path, "Where it is sent to.");
  command.add_flag("--json", config.is_json, "Print one JSON object, and nothing else.");
  add(command, "--server-pid", config.server_pid,
      "Whose CPU time is measured, with its children's; found by who listens there where it is not given.")
      ->type_name("PID")
      ->check(CLI::Range(pid_t{1}, kPidMax));
  add_parsed(command, "--netns", config.network_namespace, "NAME", "", parse_namespace,
             "Network namespace (ip netns) that the clients enter before they connect; needs root.");
  add(command, "--seed", config.seed, "Of what is random.")
      ->type_name("N")
      ->check(refuse_negative)
      ->capture_default_str();
}

CLI::App* add_storm_command(CLI::App& bench, StormConfig& config) {
  CLI::App* command = bench.add_subcommand("storm", kStormDescription);
  command->footer(kStormFooter);
  command->get_formatter()->column_width(36);
  add_loop_options(*command, config.storm);
  add(*command, "--threads", config.storm.threads, "Threads that generate the load.")
      ->type_name("N")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  add_parsed(*command, "--timeout", config.storm.timeout_ns, "DURATION", "20s", parse_run_time,
             "How long a client waits for its whole reply.");
  add_bench_options(*command, config.bench,
                    {load::Protocol::kJson, load::Protocol::kRemoteWrite, load::Protocol::kGet});
  return command;
}

}  // namespace ms::server
