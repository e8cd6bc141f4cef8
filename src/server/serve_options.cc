#include "server/serve_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "net/listener.h"
#include "server/command_options.h"
#include "server/config_file.h"

namespace ms::server {
namespace {

constexpr const char* kServeFooter = R"(
Every option of serve, and of no other command, is also read from the environment: --data-dir from
METRICSTREAM_DATA_DIR, and so on; and but for --config itself from the file that it names: data-dir = "/srv/data",
listen = ["127.0.0.1:8080", "[::1]:8080"]. An option wins over its variable, and a variable over the file. Sizes are
written as 100MiB or 2GiB, durations as 500ms, 10s or 2d.

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
      ->check([](const std::string& text) {
        const auto checked = net::check_listen_address(text);
        return checked ? std::string() : checked.error().message;
      })
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
  add_choice(
      app, "--architecture", config.architecture, "pool",
      named_choices<net::Architecture>({net::Architecture::kPool, net::Architecture::kInline}, net::architecture_name),
      "How connections are served. pool: a thread drains the listen queue, and the workers serve. inline: one "
      "thread accepts a connection, answers one request on it, closes it, and accepts again; for comparison. It has no "
      "use for --workers, --connection-queue and --max-connections.");
}

void add_store_options(CLI::App& app, ServeConfig& config) {
  const auto parse_size_text = [](const std::string& text) { return parse_size(text); };
  add(app, "--data-dir", config.data_dir, "Directory of the store; created where missing.")
      ->type_name("DIR")
      ->capture_default_str();
  const auto sync_modes =
      named_choices<storage::SyncMode>({storage::SyncMode::kAlways, storage::SyncMode::kOs}, storage::sync_mode_name);
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
             "How long to wait for another process to give up the data directory, and the address to listen on.");
  add_parsed(app, "--shutdown-timeout", config.shutdown_timeout_ms, "DURATION", "10s", parse_time,
             "How long a stop (SIGTERM, SIGINT) waits for requests in hand.");
  add_parsed(app, "--self-metrics-interval", config.self_metrics_interval_ms, "DURATION", "10s", parse_record_interval,
             "How often the server writes its front door's figures (of /metrics) into its own store, where the graphs "
             "of its page come from. 0 or off: never.");
}

void add_log_options(CLI::App& app, ServeConfig& config) {
  const auto levels =
      named_choices<LogLevel>({LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn, LogLevel::kError}, log_level_name);
  const auto formats = named_choices<LogFormat>({LogFormat::kLogfmt, LogFormat::kJson}, log_format_name);
  add_choice(app, "--log-level", config.log_level, "info", levels, "Least severe lines to log, on stderr.");
  add_choice(app, "--log-format", config.log_format, "logfmt", formats, "How lines are written.");
}

void add_options(CLI::App& app, ServeConfig& config) {
  add_front_door_options(app, config);
  add_store_options(app, config);
  add_time_options(app, config);
  add_log_options(app, config);
}

std::string describe_unknown(const CLI::App& app, const FileSetting& setting) {
  std::string with_dashes = setting.key;
  std::ranges::replace(with_dashes, '_', '-');
  std::string text = setting.place + ": there is no setting \"" + setting.key + "\"; ";
  if (with_dashes != setting.key && app.get_option_no_throw("--" + with_dashes) != nullptr) {
    return text + "write \"" + with_dashes + "\"";
  }
  return text + "the settings are the flags of metricstream serve --help without their \"--\"";
}

Result<void> apply_setting(CLI::App& app, const FileSetting& setting) {
  CLI::Option* option = app.get_option_no_throw("--" + setting.key);
  if (option == nullptr) return fail(ErrorCode::kInvalid, describe_unknown(app, setting));
  if (setting.is_list && option->get_items_expected_max() == 1) {
    return fail(ErrorCode::kInvalid, setting.place + ": " + setting.key + " is a list; it has one value");
  }
  try {
    for (const std::string& value : setting.values) option->add_result(value);
    option->run_callback();
  } catch (const CLI::Error& error) {
    return fail(ErrorCode::kInvalid, setting.place + ": " + error.what());
  }
  return {};
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

void add_serve_command(CLI::App& app, ServeConfig& config) {
  CLI::App* command = app.add_subcommand("serve", "Run the server.");
  command->footer(kServeFooter);
  command->get_formatter()->column_width(36);
  add(*command, "--config", config.config_file,
      "Configuration file, in TOML: a setting has the name of its flag without \"--\". SIGHUP reads it again.")
      ->type_name("FILE");
  add_options(*command, config);
  read_from_environment(*command);
  // With a callback of its own, it reads its variables only where it is the command that is given.
  command->parse_complete_callback([] {});
}

Result<void> apply_config_file(ServeConfig& config) {
  const auto settings = read_config_file(config.config_file);
  if (!settings) return std::unexpected(settings.error());
  CLI::App app;
  app.set_help_flag();  // "help" is no setting
  add_options(app, config);
  for (const FileSetting& setting : *settings) {
    if (auto applied = apply_setting(app, setting); !applied) return applied;
  }
  return {};
}

Result<void> check_serve_config(const ServeConfig& config) {
  if (config.queue_deadline_ms >= config.queue_target_ms) return {};
  return fail(ErrorCode::kInvalid, "--queue-deadline: it is below --queue-target, " +
                                       std::to_string(config.queue_deadline_ms) + " and " +
                                       std::to_string(config.queue_target_ms) + " ms; set both");
}

}  // namespace ms::server
