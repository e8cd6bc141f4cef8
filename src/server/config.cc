#include "server/config.h"

#include <CLI/CLI.hpp>
#include <sstream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "server/command_options.h"
#include "server/serve_options.h"
#include "watch/front_door_url.h"

namespace ms::server {
namespace {

constexpr const char* kDescription =
    "MetricStream takes metrics in, acknowledges them when they are durable, and answers queries.";

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
  metricstream drain --html drain.html                       the same as a film, in one file for a browser
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
  const drain::Settings& settings = config.experiment;
  command->parse_complete_callback([&settings] {
    if (settings.queue_deadline_ns < settings.queue_target_ns) {
      throw CLI::ValidationError("--queue-deadline", "it is below --queue-target");
    }
  });
  command->add_flag("--json", config.is_json, "Print one JSON object, and nothing else.");
  add(*command, "--html", config.html_path,
      "Write the experiment as one HTML file, to be played in a browser: both architectures on one clock.")
      ->type_name("FILE");
  CLI::Option* plan = command->add_flag("--plan", config.asks_plan,
                                        "Run nothing: say how many workers --rate and --service-time need, and what "
                                        "queue to expect.");
  // The plan is of the rate and the service time alone: it chooses the workers, and has no run and no queue's bounds.
  for (const char* flag : {"--burst", "--duration", "--work", "--architecture", "--workers", "--backlog",
                           "--queue-target", "--queue-deadline", "--html"}) {
    plan->excludes(command->get_option(flag));
  }
  add_parsed(*command, "--p99", config.plan_p99_ns, "DURATION", "50ms", parse_run_time,
             "With --plan: within what time 99 % of the requests are to be done.")
      ->needs(plan);
  return command;
}

// `config`: what serve is told by less than its flags and variables.
Command parse_over(ServeConfig config, int argc, const char* const* argv) {
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

Farewell usage_error(const Error& error) {
  return {.status = 2, .text = error.message + "\nRun with --help for more information.\n"};
}

// The file is named by a flag or a variable, and both go over it: they are read before and after it.
Command parse_with_file(const ServeConfig& named, int argc, const char* const* argv) {
  ServeConfig config;
  config.config_file = named.config_file;
  if (const auto applied = apply_config_file(config); !applied) return usage_error(applied.error());
  return parse_over(std::move(config), argc, argv);
}

}  // namespace

Command parse_command_line(int argc, const char* const* argv) {
  Command command = parse_over({}, argc, argv);
  const auto* named = std::get_if<ServeConfig>(&command);
  if (named != nullptr && !named->config_file.empty()) command = parse_with_file(*named, argc, argv);
  if (auto* config = std::get_if<ServeConfig>(&command)) {
    if (const auto checked = check_serve_config(*config); !checked) return usage_error(checked.error());
    config->arguments.assign(argv, argv + argc);
  }
  return command;
}

Result<ServeConfig> read_again(const ServeConfig& config) {
  std::vector<const char*> argv;
  argv.reserve(config.arguments.size());
  for (const std::string& argument : config.arguments) argv.push_back(argument.c_str());
  Command command = parse_command_line(static_cast<int>(argv.size()), argv.data());
  if (auto* again = std::get_if<ServeConfig>(&command)) return std::move(*again);
  const std::string text = std::get<Farewell>(command).text;
  return fail(ErrorCode::kInvalid, text.substr(0, text.find('\n')));
}

}  // namespace ms::server
