#include "server/config.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "server/command_options.h"
#include "watch/front_door_url.h"

namespace ms::server {
namespace {

constexpr const char* kDescription =
    "MetricStream takes metrics in, acknowledges them when they are durable, and answers queries.";

constexpr const char* kServeFooter = R"(
Every option of serve, and of no other command, is also read from the environment: --data-dir from
METRICSTREAM_DATA_DIR, and so on; an option wins over its variable. Sizes are written as 100MiB or 2GiB, durations as
500ms, 10s or 2d.

Write:  curl --json '{"name":"cpu_usage","value":75.5,"tags":{"host":"a"}}' http://127.0.0.1:8080/metrics
Query:  curl 'http://127.0.0.1:8080/api/v1/query?query=cpu_usage'

Exit status: 0 done, 1 failed, 2 usage.)";

// "--data-dir" -> "METRICSTREAM_DATA_DIR"
std::string variable_of(const std::string& flag) {
  std::string name = "METRICSTREAM_";
  for (const char c : flag.substr(2)) {
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

void read_from_environment(CLI::App& command) {
  for (CLI::Option* option : command.get_options()) {
    if (option != command.get_help_ptr()) option->envname(variable_of(option->get_name()));
  }
}

// Told where `command` is the one that was given. A command with such a callback reads its variables only then, too:
// CLI11 would read those of every command, whichever is given.
template <class Time>
void check_queue_limits(CLI::App& command, const Time& target, const Time& deadline) {
  command.parse_complete_callback([&target, &deadline] {
    if (deadline < target) throw CLI::ValidationError("--queue-deadline", "it is below --queue-target");
  });
}

// How long something may wait in a queue.
Result<int64_t> parse_wait(const std::string& text) {
  constexpr int64_t kHourMs = 3'600'000;
  auto parsed = parse_time(text);
  if (parsed && (*parsed < 1 || *parsed > kHourMs)) {
    return fail(ErrorCode::kInvalid, "\"" + text + "\" is not between 1ms and 1h");
  }
  return parsed;
}

// 0: off.
Result<int64_t> parse_record_interval(const std::string& text) {
  constexpr int64_t kMinMs = 100;
  constexpr int64_t kHourMs = 3'600'000;
  if (text == "off") return 0;
  auto parsed = parse_time(text);
  if (parsed && *parsed != 0 && (*parsed < kMinMs || *parsed > kHourMs)) {
    return fail(ErrorCode::kInvalid, "\"" + text + "\" is neither off nor between 100ms and 1h");
  }
  return parsed;
}

void add_front_door_options(CLI::App& app, ServeConfig& config) {
  add(app, "--listen", config.listen,
      "Address to listen on: 127.0.0.1:8080, [::1]:8080, or :8080 for every address. Port 0 takes a free one and logs "
      "it. Give it several times to listen on several. Sockets that are handed over by LISTEN_FDS (systemd's socket "
      "activation) take its place; at a stop, who waits in their queues is left to the next process.")
      ->type_name("ADDR:PORT")
      ->delimiter(',')
      ->capture_default_str();
  add(app, "--backlog", config.backlog, "Depth of the kernel's listen queue.")
      ->type_name("N")
      ->check(CLI::Range(1, 1 << 20))
      ->default_str("net.core.somaxconn; that of a handed-over socket as it is");
  add(app, "--max-connections", config.max_connections, "Open connections; further ones are answered 503.")
      ->type_name("N")
      ->check(CLI::Range(uint64_t{1}, uint64_t{1} << 20))
      ->default_str("descriptor limit less 256");
  add(app, "--connection-queue", config.connection_queue,
      "Connections that may wait for a worker; further ones are answered 503.")
      ->type_name("N")
      ->check(CLI::Range(uint64_t{1}, uint64_t{1} << 20))
      ->default_str("--max-connections");
  add(app, "--workers", config.workers, "Threads that serve connections.")
      ->type_name("N")
      ->check(CLI::Range(1, 1024))
      ->default_str("one per core, 2 at least");
  add_parsed(app, "--queue-target", config.queue_target_ms, "DURATION", "50ms", parse_wait,
             "Wait that is overload when even the luckiest exceed it; meanwhile who waits longer is answered 503.");
  add_parsed(app, "--queue-deadline", config.queue_deadline_ms, "DURATION", "1s", parse_wait,
             "Longest wait for a worker; who waits longer is always answered 503.");
  const std::vector<std::pair<std::string, net::Architecture>> architectures = {{"pool", net::Architecture::kPool},
                                                                                {"inline", net::Architecture::kInline}};
  add_choice(
      app, "--architecture", config.architecture, "pool", architectures,
      "How connections are served. pool: a thread drains the listen queue, and the workers serve. inline: one "
      "thread accepts a connection, answers one request on it, closes it, and accepts again; for comparison. It has no "
      "use for --workers, --connection-queue and --max-connections.");
}

void add_store_options(CLI::App& app, ServeConfig& config) {
  const auto parse_size_text = [](const std::string& text) { return parse_size(text); };
  add(app, "--data-dir", config.data_dir, "Directory of the store; created where missing.")
      ->type_name("DIR")
      ->capture_default_str();
  const std::vector<std::pair<std::string, storage::SyncMode>> sync_modes = {{"always", storage::SyncMode::kAlways},
                                                                             {"os", storage::SyncMode::kOs}};
  add_choice(app, "--wal-sync", config.wal_sync, "always", sync_modes,
             "When a write is acknowledged. always: once it is on the disk (survives a power cut). os: once the "
             "operating system has it (survives a killed process, not a power cut).");
  add_parsed(app, "--memory-limit", config.memory_limit_bytes, "SIZE", "60% of RAM, or of the cgroup", parse_size_text,
             "Memory at which writes are answered 503; queries go on.");
  add_parsed(app, "--min-free-disk", config.min_free_disk_bytes, "SIZE", "100MiB", parse_size_text,
             "Free disk space below which writes are answered 503; queries go on.");
  add(app, "--max-series", config.max_series,
      "Series in the store; samples of further ones are rejected (400), known ones go on. New ones of a refused write "
      "(503) count until a restart. 0: no limit.")
      ->type_name("N")
      ->check(CLI::Range(uint64_t{0}, uint64_t{1} << 32))
      ->capture_default_str();
}

void add_time_options(CLI::App& app, ServeConfig& config) {
  add_parsed(app, "--max-future", config.max_future_ms, "DURATION", "2d", parse_time,
             "Samples dated further ahead than this are rejected.");
  add_parsed(app, "--lock-timeout", config.lock_timeout_ms, "DURATION", "1s", parse_time,
             "How long to wait for another process to give up the data directory.");
  add_parsed(app, "--shutdown-timeout", config.shutdown_timeout_ms, "DURATION", "10s", parse_time,
             "How long a stop (SIGTERM, SIGINT) waits for requests in hand.");
  add_parsed(app, "--self-metrics-interval", config.self_metrics_interval_ms, "DURATION", "5s", parse_record_interval,
             "How often the server writes its front door's figures (of /metrics) into its own store, where the graphs "
             "of its page come from. 0 or off: never.");
}

void add_log_options(CLI::App& app, ServeConfig& config) {
  const std::vector<std::pair<std::string, LogLevel>> levels = {
      {"debug", LogLevel::kDebug}, {"info", LogLevel::kInfo}, {"warn", LogLevel::kWarn}, {"error", LogLevel::kError}};
  const std::vector<std::pair<std::string, LogFormat>> formats = {{"logfmt", LogFormat::kLogfmt},
                                                                  {"json", LogFormat::kJson}};
  add_choice(app, "--log-level", config.log_level, "info", levels, "Least severe lines to log, on stderr.");
  add_choice(app, "--log-format", config.log_format, "logfmt", formats, "How lines are written.");
}

void add_serve_command(CLI::App& app, ServeConfig& config) {
  CLI::App* command = app.add_subcommand("serve", "Run the server.");
  command->footer(kServeFooter);
  command->get_formatter()->column_width(36);
  add_front_door_options(*command, config);
  add_store_options(*command, config);
  add_time_options(*command, config);
  add_log_options(*command, config);
  read_from_environment(*command);
  check_queue_limits(*command, config.queue_target_ms, config.queue_deadline_ms);
}

constexpr const char* kWatchFooter = R"(
Above, what is the kernel's: who waits in the listen queue to be accepted (a dashed cell waited a moment ago and has
been accepted since), how many the kernel dropped, and the connections that are open. Below, what the server does with
them: the accept loop that drains the listen queue, the connections that wait for a worker, what each worker serves,
how many were refused and why, and how long each stage of a request takes. C12 is the twelfth connection since the
server started, here as in its log.

The drawing fits 80 columns and 24 lines; a larger terminal shows more connections, workers and figures. Where stdout
is no terminal, frames are printed one after the other without escape sequences; NO_COLOR=1 leaves out the colours.

  metricstream watch                                  the server of this machine, until Ctrl-C
  metricstream watch --interval 100ms 10.0.0.7:8080   another one, ten times a second
  metricstream watch --once | head -9                 the kernel's part of a single frame, for a script

Exit status: 0 done, 1 with --once: no answer, 2 usage.)";

CLI::App* add_watch_command(CLI::App& app, watch::WatchConfig& config) {
  CLI::App* command = app.add_subcommand("watch", "Draw a running server's front door, refreshed in place.");
  command->footer(kWatchFooter);
  command->get_formatter()->column_width(36);
  const CLI::callback_t read_url = [&config](const CLI::results_t& texts) {
    auto url = watch::front_door_url(texts.back());
    if (!url) throw CLI::ValidationError("URL", url.error().message);
    config.url = *url;
    return true;
  };
  command->add_option("url", read_url, "The server: http or https; a scheme and a path may be left out.")
      ->type_name("URL")
      ->default_str("http://127.0.0.1:8080");
  const auto parse_interval = [](const std::string& text) -> Result<int64_t> {
    auto parsed = parse_time(text);
    if (!parsed || (*parsed >= 50 && *parsed <= 3'600'000)) return parsed;
    return fail(ErrorCode::kInvalid, "\"" + text + "\" is not from 50ms to 1h");
  };
  add_parsed(*command, "--interval", config.interval_ms, "DURATION", "500ms", parse_interval,
             "Time from one frame to the next.");
  command->add_flag("--once", config.is_once, "Print a single frame and exit.");
  return command;
}

constexpr const char* kDrainDescription =
    R"(An experiment on loopback; touches no running server. It starts the real front door in the old architecture (inline: one
thread accepts, works, and accepts again) and in the new one (pool: one thread only accepts, workers work), each with a
handler that occupies its worker for a fixed time; drives clients against it from a child process; and prints what
became of a few real connections, and both beside each other and beside what queueing theory predicts.)";

constexpr const char* kDrainFooter = R"(
  metricstream drain                                         1,000 connections a second for 5 s, in about 20 s
  metricstream drain --rate 10000 --architecture pool        more than 8 workers can serve: it accepts, and refuses
  metricstream drain --burst 5000 --backlog 128              all at once
  metricstream drain --plan --rate 5000 --service-time 5ms --p99 50ms    how many workers that needs; runs nothing

Exit status: 0 done, 1 failed, 2 usage.)";

void add_drain_load_options(CLI::App& command, drain::Settings& settings) {
  CLI::Option* rate = add(command, "--rate", settings.rate_per_s, "Connections a second, as Poisson arrivals.")
                          ->type_name("R")
                          ->check(real_range(0.1, 100'000.0))
                          ->capture_default_str();
  CLI::Option* duration = add_parsed(command, "--duration", settings.duration_ns, "DURATION", "5s", parse_run_time,
                                     "How long clients come.");
  add(command, "--burst", settings.burst, "So many connections at once, instead of a rate.")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000))
      ->excludes(rate)
      ->excludes(duration);
  add_parsed(command, "--service-time", settings.service_time_ns, "DURATION", "5ms", parse_run_time,
             "How long each request occupies its worker.");
  add_choice<drain::Work>(command, "--work", settings.work, "sleep",
                          {{"sleep", drain::Work::kSleep}, {"spin", drain::Work::kSpin}},
                          "What occupies the worker: as if waiting for a disk or a peer, or CPU time.");
}

void add_drain_door_options(CLI::App& command, drain::Settings& settings) {
  using net::Architecture;
  add_choice<std::vector<Architecture>>(command, "--architecture", settings.architectures, "both",
                                        {{"both", {Architecture::kInline, Architecture::kPool}},
                                         {"inline", {Architecture::kInline}},
                                         {"pool", {Architecture::kPool}}},
                                        "What to run.");
  add(command, "--workers", settings.workers, "Threads of the pool.")
      ->type_name("N")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  add(command, "--backlog", settings.backlog, "Depth of the kernel's listen queue.")
      ->type_name("N")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  add_parsed(command, "--queue-target", settings.queue_target_ns, "DURATION", "50ms", parse_run_time,
             "Overload begins when even the least wait for a worker exceeds this; who waited longer is then refused.");
  add_parsed(command, "--queue-deadline", settings.queue_deadline_ns, "DURATION", "1s", parse_run_time,
             "Who waited longer for a worker is always refused.");
}

CLI::App* add_drain_command(CLI::App& app, DrainConfig& config) {
  CLI::App* command = app.add_subcommand("drain", kDrainDescription);
  command->footer(kDrainFooter);
  command->get_formatter()->column_width(36);
  add_drain_load_options(*command, config.experiment);
  add_drain_door_options(*command, config.experiment);
  check_queue_limits(*command, config.experiment.queue_target_ns, config.experiment.queue_deadline_ns);
  command->add_flag("--json", config.is_json, "Print one JSON object, and nothing else.");
  CLI::Option* plan = command->add_flag("--plan", config.asks_plan,
                                        "Run nothing: say how many workers --rate and --service-time need, and what "
                                        "queue to expect.");
  // The plan is of the rate and the service time alone: it chooses the workers, and has no run and no queue's bounds.
  for (const char* flag : {"--burst", "--duration", "--work", "--architecture", "--workers", "--backlog",
                           "--queue-target", "--queue-deadline"}) {
    plan->excludes(command->get_option(flag));
  }
  add_parsed(*command, "--p99", config.plan_p99_ns, "DURATION", "50ms", parse_run_time,
             "With --plan: within what time 99 % of the requests are to be done.")
      ->needs(plan);
  return command;
}

}  // namespace

Result<uint64_t> parse_size(const std::string& text) {
  const auto bad = [&] {
    return fail(ErrorCode::kInvalid, "\"" + text + "\" is not a size; write it as 100MiB or 2GiB");
  };
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc() || number < 0) return bad();
  std::string unit(end, text.data() + text.size());
  std::ranges::transform(unit, unit.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  constexpr std::string_view kUnits = "KMGTP";
  double bytes = number;
  if (!unit.empty() && unit != "B") {
    const size_t power = kUnits.find(unit[0]);
    const std::string rest = unit.substr(1);
    if (power == std::string_view::npos || (!rest.empty() && rest != "B" && rest != "IB")) return bad();
    bytes = std::ldexp(number, static_cast<int>(10 * (power + 1)));
  }
  if (!(bytes < 9e18)) return bad();  // nor "nan", which from_chars takes
  return static_cast<uint64_t>(bytes);
}

Command parse_command_line(int argc, const char* const* argv) {
  ServeConfig config;
  DrainConfig drain_config;
  watch::WatchConfig watch_config;
  StormConfig storm_config;
  IngestConfig ingest_config;
  MixedConfig mixed_config;
  CLI::App app(kDescription, "metricstream");
  app.set_version_flag("--version", "metricstream " MS_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->column_width(36);
  app.footer(
      "\nSee: metricstream serve --help, metricstream watch --help, metricstream drain --help, "
      "metricstream bench --help");
  add_serve_command(app, config);
  const CLI::App* watch = add_watch_command(app, watch_config);
  const CLI::App* drain = add_drain_command(app, drain_config);
  CLI::App* bench = add_bench_command(app);
  const CLI::App* storm = add_storm_command(*bench, storm_config);
  const CLI::App* ingest = add_ingest_command(*bench, ingest_config);
  const CLI::App* mixed = add_mixed_command(*bench, mixed_config);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    std::ostringstream err;
    const bool is_usage_error = app.exit(error, out, err) != 0;
    return Farewell{.status = is_usage_error ? 2 : 0, .text = is_usage_error ? err.str() : out.str()};
  }
  if (watch->parsed()) return watch_config;
  if (drain->parsed()) return drain_config;
  if (storm->parsed()) return storm_config;
  if (ingest->parsed()) return ingest_config;
  if (mixed->parsed()) return mixed_config;
  return config;
}

}  // namespace ms::server
