#include "server/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <initializer_list>
#include <limits>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "server/config_file.h"

namespace ms::server {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// Variables of the environment for as long as it lives; without it there are none of ours.
class Environment {
 public:
  explicit Environment(std::initializer_list<std::pair<const char*, const char*>> variables) {
    for (const auto& [name, value] : variables) {
      setenv(name, value, 1);
      names_.push_back(name);
    }
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment() {
    for (const char* name : names_) unsetenv(name);
  }

 private:
  std::vector<const char*> names_;
};

Command parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "metricstream");
  return parse_command_line(static_cast<int>(arguments.size()), arguments.data());
}

ServeConfig must_parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "serve");
  auto parsed = parse(arguments);
  const Farewell* farewell = std::get_if<Farewell>(&parsed);
  if (farewell == nullptr) return std::get<ServeConfig>(parsed);
  ADD_FAILURE() << testing::PrintToString(arguments) << ": " << farewell->text;
  return {};
}

DrainConfig must_parse_drain(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "drain");
  auto parsed = parse(arguments);
  if (const auto* config = std::get_if<DrainConfig>(&parsed)) return *config;
  ADD_FAILURE() << testing::PrintToString(arguments) << " was refused";
  return {};
}

Farewell must_not_parse(const std::vector<const char*>& arguments) {
  auto parsed = parse(arguments);
  if (const Farewell* farewell = std::get_if<Farewell>(&parsed)) return *farewell;
  ADD_FAILURE() << testing::PrintToString(arguments) << " was taken";
  return {};
}

TEST(WatchCommandTest, ReadsUrlIntervalAndOnce) {
  struct Case {
    std::vector<const char*> arguments;
    watch::WatchConfig config;
  };
  const std::string default_url = watch::WatchConfig().url;
  for (const Case& c : {
           Case{{"watch"}, {.url = default_url, .interval_ms = 500, .is_once = false}},
           Case{{"watch", "--once", "10.0.0.7:9090"},
                {.url = "http://10.0.0.7:9090/api/v1/front-door", .interval_ms = 500, .is_once = true}},
           Case{{"watch", "--interval", "2s"}, {.url = default_url, .interval_ms = 2000, .is_once = false}},
       }) {
    const auto parsed = parse(c.arguments);
    const auto* config = std::get_if<watch::WatchConfig>(&parsed);
    ASSERT_NE(config, nullptr) << std::get<Farewell>(parsed).text;
    EXPECT_EQ(config->url, c.config.url);
    EXPECT_EQ(config->interval_ms, c.config.interval_ms);
    EXPECT_EQ(config->is_once, c.config.is_once);
  }
}

TEST(WatchCommandTest, WrongUsageNamesWhatIsWrong) {
  struct Case {
    std::vector<const char*> arguments;
    std::string told;
  };
  for (const Case& c : {
           Case{{"watch", "ftp://10.0.0.7"}, "ftp://10.0.0.7"},
           Case{{"watch", "--interval", "1ms"}, "1ms"},
           Case{{"watch", "--interval", "2h"}, "2h"},
           Case{{"watch", "--interval", "soon"}, "soon"},
           Case{{"watch", "--workers", "8"}, "--workers"},
       }) {
    const Farewell farewell = must_not_parse(c.arguments);
    EXPECT_EQ(farewell.status, 2);
    EXPECT_NE(farewell.text.find(c.told), std::string::npos) << farewell.text;
  }
}

TEST(ParseSizeTest, UnitsArePowersOf1024) {
  struct Case {
    const char* text;
    uint64_t bytes;
  };
  for (const Case& c : {
           Case{"0", 0},
           Case{"4096", 4096},
           Case{"12B", 12},
           Case{"1k", 1024},
           Case{"1KB", 1024},
           Case{"1KiB", 1024},
           Case{"100MiB", 100u << 20},
           Case{"100mib", 100u << 20},
           Case{"1.5G", 3u << 29},
           Case{"2TiB", uint64_t{2} << 40},
           Case{"1P", uint64_t{1} << 50},
       }) {
    const auto bytes = parse_size(c.text);
    ASSERT_TRUE(bytes.has_value()) << c.text << ": " << bytes.error().message;
    EXPECT_EQ(*bytes, c.bytes) << c.text;
  }
}

TEST(ParseSizeTest, WhatIsNoSizeIsRefusedWithAnExample) {
  for (const char* text : {"", " ", "B", "MiB", "-1", "1 MiB", "1X", "1Mi", "1MiBB", "1e3", "0x10", "nan", "inf",
                           "-nan", "infinity", "100000P", "1,5G", "10 "}) {
    const auto bytes = parse_size(text);
    ASSERT_FALSE(bytes.has_value()) << text << " was read as " << *bytes;
    EXPECT_EQ(bytes.error().message, "\"" + std::string(text) + "\" is not a size; write it as 100MiB or 2GiB");
  }
}

TEST(CommandLineTest, ServeAloneIsAllThatAStartNeeds) {
  const ServeConfig config = must_parse({});
  EXPECT_THAT(config.listen, ElementsAre("127.0.0.1:8080"));
  EXPECT_EQ(config.data_dir, "metricstream-data");
  EXPECT_EQ(config.queue_target_ms, 50);
  EXPECT_EQ(config.queue_deadline_ms, 1000);
  EXPECT_EQ(config.wal_sync, storage::SyncMode::kAlways);
  EXPECT_EQ(config.min_free_disk_bytes, 100u << 20);
  EXPECT_EQ(config.max_future_ms, 2 * 86'400'000);
  EXPECT_EQ(config.lock_timeout_ms, 1000);
  EXPECT_EQ(config.shutdown_timeout_ms, 10'000);
  EXPECT_EQ(config.log_level, LogLevel::kInfo);
  EXPECT_EQ(config.log_format, LogFormat::kLogfmt);
}

// Each option: its flag, its variable, a text, and what it is then.
struct Option {
  const char* flag;
  const char* variable;
  const char* text;
  bool (*is_set)(const ServeConfig&);
};

const Option kOptions[] = {
    {"--listen", "METRICSTREAM_LISTEN", "[::1]:9", [](const ServeConfig& c) { return c.listen.at(0) == "[::1]:9"; }},
    {"--backlog", "METRICSTREAM_BACKLOG", "77", [](const ServeConfig& c) { return c.backlog == 77; }},
    {"--max-connections", "METRICSTREAM_MAX_CONNECTIONS", "5000",
     [](const ServeConfig& c) { return c.max_connections == 5000; }},
    {"--connection-queue", "METRICSTREAM_CONNECTION_QUEUE", "300",
     [](const ServeConfig& c) { return c.connection_queue == 300; }},
    {"--workers", "METRICSTREAM_WORKERS", "3", [](const ServeConfig& c) { return c.workers == 3; }},
    {"--architecture", "METRICSTREAM_ARCHITECTURE", "inline",
     [](const ServeConfig& c) { return c.architecture == net::Architecture::kInline; }},
    {"--queue-target", "METRICSTREAM_QUEUE_TARGET", "20ms",
     [](const ServeConfig& c) { return c.queue_target_ms == 20; }},
    {"--queue-deadline", "METRICSTREAM_QUEUE_DEADLINE", "2s",
     [](const ServeConfig& c) { return c.queue_deadline_ms == 2000; }},
    {"--data-dir", "METRICSTREAM_DATA_DIR", "/srv/x", [](const ServeConfig& c) { return c.data_dir == "/srv/x"; }},
    {"--wal-sync", "METRICSTREAM_WAL_SYNC", "os",
     [](const ServeConfig& c) { return c.wal_sync == storage::SyncMode::kOs; }},
    {"--memory-limit", "METRICSTREAM_MEMORY_LIMIT", "2GiB",
     [](const ServeConfig& c) { return c.memory_limit_bytes == uint64_t{2} << 30; }},
    {"--min-free-disk", "METRICSTREAM_MIN_FREE_DISK", "1k",
     [](const ServeConfig& c) { return c.min_free_disk_bytes == 1024; }},
    {"--max-series", "METRICSTREAM_MAX_SERIES", "9000", [](const ServeConfig& c) { return c.max_series == 9000; }},
    {"--max-future", "METRICSTREAM_MAX_FUTURE", "3h",
     [](const ServeConfig& c) { return c.max_future_ms == 3 * 3'600'000; }},
    {"--lock-timeout", "METRICSTREAM_LOCK_TIMEOUT", "250ms",
     [](const ServeConfig& c) { return c.lock_timeout_ms == 250; }},
    {"--shutdown-timeout", "METRICSTREAM_SHUTDOWN_TIMEOUT", "1m",
     [](const ServeConfig& c) { return c.shutdown_timeout_ms == 60'000; }},
    {"--self-metrics-interval", "METRICSTREAM_SELF_METRICS_INTERVAL", "off",
     [](const ServeConfig& c) { return c.self_metrics_interval_ms == 0; }},
    {"--log-level", "METRICSTREAM_LOG_LEVEL", "debug",
     [](const ServeConfig& c) { return c.log_level == LogLevel::kDebug; }},
    {"--log-format", "METRICSTREAM_LOG_FORMAT", "json",
     [](const ServeConfig& c) { return c.log_format == LogFormat::kJson; }},
};

TEST(CommandLineTest, EveryOptionIsAFlagAndAVariable) {
  for (const Option& option : kOptions) {
    EXPECT_FALSE(option.is_set(must_parse({}))) << option.flag << " by default";
    EXPECT_TRUE(option.is_set(must_parse({option.flag, option.text}))) << option.flag;
    const Environment environment{{option.variable, option.text}};
    EXPECT_TRUE(option.is_set(must_parse({}))) << option.variable;
  }
}

TEST(CommandLineTest, TheHelpNamesEveryOptionAndItsVariable) {
  const Farewell help = must_not_parse({"serve", "--help"});
  for (const Option& option : kOptions) {
    EXPECT_THAT(help.text, AllOf(HasSubstr(option.flag), HasSubstr(option.variable))) << option.flag;
  }
}

TEST(CommandLineTest, AFlagWinsOverItsVariable) {
  const Environment environment{
      {"METRICSTREAM_WORKERS", "3"}, {"METRICSTREAM_LISTEN", "127.0.0.1:1"}, {"METRICSTREAM_MAX_FUTURE", "1h"}};
  const ServeConfig config = must_parse({"--workers", "4", "--listen", "127.0.0.1:2", "--max-future=2h"});
  EXPECT_EQ(config.workers, 4u);
  EXPECT_THAT(config.listen, ElementsAre("127.0.0.1:2"));
  EXPECT_EQ(config.max_future_ms, 2 * 3'600'000);
}

TEST(CommandLineTest, ListenMayBeGivenSeveralTimes) {
  EXPECT_THAT(must_parse({"--listen", "127.0.0.1:1", "--listen", "[::1]:2"}).listen,
              ElementsAre("127.0.0.1:1", "[::1]:2"));
  EXPECT_THAT(must_parse({"--listen", "127.0.0.1:1,[::1]:2"}).listen, ElementsAre("127.0.0.1:1", "[::1]:2"));
  const Environment environment{{"METRICSTREAM_LISTEN", "127.0.0.1:1,:2"}};
  EXPECT_THAT(must_parse({}).listen, ElementsAre("127.0.0.1:1", ":2"));
}

TEST(CommandLineTest, MistakesAreNamedAndEndWithStatus2) {
  struct Case {
    std::vector<const char*> arguments;
    const char* named;
  };
  for (const Case& c : {
           Case{{}, "subcommand is required"},
           Case{{"srve"}, "subcommand is required"},
           Case{{"--workers", "4"}, "subcommand is required"},
           Case{{"serve", "--wrkers", "4"}, "--wrkers"},
           Case{{"serve", "extra"}, "extra"},
           Case{{"serve", "--workers"}, "--workers"},
           Case{{"serve", "--workers", "0"}, "--workers"},
           Case{{"serve", "--workers", "-1"}, "--workers"},
           Case{{"serve", "--workers", "many"}, "--workers"},
           Case{{"serve", "--workers", "1025"}, "--workers"},
           Case{{"serve", "--backlog", "0"}, "--backlog"},
           Case{{"serve", "--listen", "8080"},
                "--listen: listen address \"8080\": no port; write it as 127.0.0.1:8080"},
           Case{{"serve", "--queue-target", "0ms"}, "\"0ms\" is not between 1ms and 1h"},
           Case{{"serve", "--queue-deadline", "2h"}, "\"2h\" is not between 1ms and 1h"},
           Case{{"serve", "--queue-deadline", "40ms"}, "--queue-deadline: it is below --queue-target"},
           Case{{"serve", "--max-connections", "1048577"}, "--max-connections"},
           Case{{"serve", "--max-series", "-1"}, "--max-series"},
           Case{{"serve", "--wal-sync", "sometimes"}, "\"sometimes\" is none of: always, os"},
           Case{{"serve", "--wal-sync", "0"}, "always, os"},
           Case{{"serve", "--architecture", "old"}, "\"old\" is none of: pool, inline"},
           Case{{"serve", "--log-level", "loud"}, "\"loud\" is none of: debug, info, warn, error"},
           Case{{"serve", "--log-format", "xml"}, "\"xml\" is none of: logfmt, json"},
           Case{{"serve", "--memory-limit", "lots"}, "write it as 100MiB or 2GiB"},
           Case{{"serve", "--memory-limit", "nan"}, "write it as 100MiB or 2GiB"},
           Case{{"serve", "--max-future", "soon"}, "--max-future"},
           Case{{"serve", "--self-metrics-interval", "99ms"}, "\"99ms\" is neither off nor between 100ms and 1h"},
           Case{{"serve", "--self-metrics-interval", "never"}, "--self-metrics-interval"},
       }) {
    const Farewell farewell = must_not_parse(c.arguments);
    EXPECT_EQ(farewell.status, 2) << testing::PrintToString(c.arguments);
    EXPECT_THAT(farewell.text, HasSubstr(c.named)) << testing::PrintToString(c.arguments);
    EXPECT_THAT(farewell.text, HasSubstr("--help")) << testing::PrintToString(c.arguments);
  }
}

TEST(CommandLineTest, AMistakeInAVariableIsOneToo) {
  const Environment environment{{"METRICSTREAM_MIN_FREE_DISK", "some"}};
  const Farewell farewell = must_not_parse({"serve"});
  EXPECT_EQ(farewell.status, 2);
  EXPECT_THAT(farewell.text, HasSubstr("\"some\" is not a size"));
}

TEST(CommandLineTest, VariablesAreThoseOfServeAlone) {
  const std::initializer_list<std::pair<const char*, const char*>> foreign = {{"METRICSTREAM_RATE", "5"},
                                                                              {"METRICSTREAM_INTERVAL", "never"},
                                                                              {"METRICSTREAM_WORK", "dance"},
                                                                              {"METRICSTREAM_SERVICE_TIME", "0"}};
  {
    const Environment environment(foreign);
    must_parse({});
    EXPECT_DOUBLE_EQ(must_parse_drain({"--burst", "10"}).experiment.rate_per_s, drain::Settings().rate_per_s);
  }
  const Environment environment{
      {"METRICSTREAM_WORKERS", "none"}, {"METRICSTREAM_ARCHITECTURE", "both"}, {"METRICSTREAM_QUEUE_DEADLINE", "10ms"}};
  EXPECT_EQ(must_not_parse({"serve"}).status, 2);
  EXPECT_EQ(must_parse_drain({}).experiment.workers, drain::Settings().workers);
  EXPECT_TRUE(must_parse_drain({"--plan"}).asks_plan);
  EXPECT_TRUE(std::holds_alternative<watch::WatchConfig>(parse({"watch"})));
}

// A file of settings that is gone at the end.
class SettingsFile {
 public:
  explicit SettingsFile(const std::string& text) : path_(testing::TempDir() + "metricstream-" + unique() + ".toml") {
    write(text);
  }
  SettingsFile(const SettingsFile&) = delete;
  SettingsFile& operator=(const SettingsFile&) = delete;
  ~SettingsFile() { std::remove(path_.c_str()); }

  void write(const std::string& text) const { std::ofstream(path_) << text; }
  const char* path() const { return path_.c_str(); }

 private:
  static std::string unique() {
    static int count = 0;
    return std::to_string(getpid()) + "-" + std::to_string(++count);
  }

  std::string path_;
};

// `key = "text"`
std::string setting_line(const Option& option) {
  return std::string(option.flag).substr(2) + " = \"" + option.text + "\"\n";
}

TEST(ConfigurationTest, EveryOptionIsASettingOfTheFile) {
  for (const Option& option : kOptions) {
    const SettingsFile file(setting_line(option));
    EXPECT_TRUE(option.is_set(must_parse({"--config", file.path()}))) << option.flag;
    const Environment environment{{"METRICSTREAM_CONFIG", file.path()}};
    EXPECT_TRUE(option.is_set(must_parse({}))) << option.flag;
  }
}

TEST(ConfigurationTest, AFlagWinsOverItsVariableAndThatOverTheFile) {
  const SettingsFile file("workers = 3\nlisten = [\"127.0.0.1:3\", \":3\"]\nmax-future = \"3h\"\nwal-sync = \"os\"\n");
  struct Case {
    const char* told_by;
    std::vector<const char*> flags;
    bool has_variables;
    uint64_t workers;
    std::vector<std::string> listen;
    int64_t max_future_h;
    storage::SyncMode wal_sync;
  };
  const std::vector<const char*> flags = {"--workers",    "1",  "--listen",   "127.0.0.1:1",
                                          "--max-future", "1h", "--wal-sync", "always"};
  for (const Case& c : {
           Case{"the file", {}, false, 3, {"127.0.0.1:3", ":3"}, 3, storage::SyncMode::kOs},
           Case{"variables over the file", {}, true, 2, {"127.0.0.1:2"}, 2, storage::SyncMode::kAlways},
           Case{"flags over the file", flags, false, 1, {"127.0.0.1:1"}, 1, storage::SyncMode::kAlways},
           Case{"flags over both", flags, true, 1, {"127.0.0.1:1"}, 1, storage::SyncMode::kAlways},
       }) {
    SCOPED_TRACE(c.told_by);
    std::optional<Environment> environment;
    if (c.has_variables) {
      environment.emplace(
          std::initializer_list<std::pair<const char*, const char*>>{{"METRICSTREAM_WORKERS", "2"},
                                                                     {"METRICSTREAM_LISTEN", "127.0.0.1:2"},
                                                                     {"METRICSTREAM_MAX_FUTURE", "2h"},
                                                                     {"METRICSTREAM_WAL_SYNC", "always"}});
    }
    std::vector<const char*> arguments = {"--config", file.path()};
    arguments.insert(arguments.end(), c.flags.begin(), c.flags.end());
    const ServeConfig config = must_parse(arguments);
    EXPECT_EQ(config.workers, c.workers);
    EXPECT_EQ(config.listen, c.listen);
    EXPECT_EQ(config.max_future_ms, c.max_future_h * 3'600'000);
    EXPECT_EQ(config.wal_sync, c.wal_sync);
  }
}

TEST(ConfigurationTest, TheFlagNamesTheFileBeforeTheVariable) {
  const SettingsFile by_flag("workers = 1\n");
  const Environment environment{{"METRICSTREAM_CONFIG", "/no/such/file"}};
  EXPECT_EQ(must_parse({"--config", by_flag.path()}).workers, 1u);
}

TEST(ConfigurationTest, AMistakeInTheFileIsNamedWithFileLineAndSetting) {
  struct Case {
    const char* text;
    const char* told;
  };
  for (const Case& c : {
           Case{"\nwrkers = 3\n",
                ":2: there is no setting \"wrkers\"; the settings are the flags of metricstream serve"},
           Case{"queue_target = \"1s\"\n", ":1: there is no setting \"queue_target\"; write \"queue-target\""},
           Case{"config = \"/etc/other.toml\"\n", ":1: there is no setting \"config\""},
           Case{"help = \"yes\"\n", ":1: there is no setting \"help\""},
           Case{"workers = 0\n", ":1: --workers: "},
           Case{"\nlisten = [\"127.0.0.1:0\", \"nonsense\"]\n",
                ":2: --listen: listen address \"nonsense\": no port; write it"},
           Case{"workers = \"many\"\n", ":1: --workers: "},
           Case{"workers = [1, 2]\n", ":1: workers is a list; it has one value"},
           Case{"\n\nqueue-target = \"2h\"\n", ":3: --queue-target: \"2h\" is not between 1ms and 1h"},
           Case{"log-level = \"loud\"\n", ":1: --log-level: \"loud\" is none of: debug, info, warn, error"},
           Case{"workers 3\n", ":1: "},
           Case{"queue-target = \"2s\"\n", "--queue-deadline: it is below --queue-target, 1000 and 2000 ms; set both"},
       }) {
    const SettingsFile file(c.text);
    const Farewell farewell = must_not_parse({"serve", "--config", file.path()});
    EXPECT_EQ(farewell.status, 2) << c.text;
    const std::string told = c.told[0] == ':' ? std::string(file.path()) + c.told : c.told;
    EXPECT_THAT(farewell.text, testing::StartsWith(told)) << c.text;
    EXPECT_THAT(farewell.text, HasSubstr("--help")) << c.text;
  }
  const Farewell missing = must_not_parse({"serve", "--config", "/no/such/file.toml"});
  EXPECT_EQ(missing.status, 2);
  EXPECT_THAT(missing.text, HasSubstr("/no/such/file.toml: cannot be read: No such file or directory"));
}

TEST(ConfigurationTest, AFlagMayMendWhatTheFileAloneWouldMakeWrong) {
  const SettingsFile file("queue-target = \"2s\"\n");
  EXPECT_EQ(must_parse({"--config", file.path(), "--queue-deadline", "3s"}).queue_target_ms, 2000);
  EXPECT_EQ(must_parse({"--queue-deadline", "3s", "--config", file.path()}).queue_deadline_ms, 3000);
}

TEST(ConfigurationTest, ItIsReadAgainWithTheFileAsItIsNow) {
  const SettingsFile file("workers = 3\nqueue-target = \"20ms\"\n");
  const ServeConfig before = must_parse({"--config", file.path(), "--workers", "4"});
  file.write("workers = 5\nqueue-target = \"30ms\"\n");
  const auto after = read_again(before);
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_EQ(after->queue_target_ms, 30);
  EXPECT_EQ(after->workers, 4u);
  file.write("queue-target = \"soon\"\n");
  const auto wrong = read_again(*after);
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().message, testing::StartsWith(std::string(file.path()) + ":1: --queue-target: "));
}

// The example that the package installs, with each setting in use.
std::string uncommented(const std::string& example) {
  std::string text;
  std::istringstream lines(example);
  for (std::string line; std::getline(lines, line);) {
    const bool is_setting = line.size() > 1 && line[0] == '#' && line[1] != ' ';
    text += (is_setting ? line.substr(1) : line) + '\n';
  }
  return text;
}

TEST(ConfigurationTest, TheExampleHasEverySettingWithItsDefault) {
  std::ifstream file(MS_EXAMPLE_CONFIG);
  std::stringstream example;
  example << file.rdbuf();
  const auto settings = parse_config_file(uncommented(example.str()), MS_EXAMPLE_CONFIG);
  ASSERT_TRUE(settings) << settings.error().message;
  std::vector<std::string> keys;
  for (const FileSetting& setting : *settings) keys.push_back("--" + setting.key);
  std::vector<std::string> flags;
  for (const Option& option : kOptions) flags.emplace_back(option.flag);
  EXPECT_THAT(keys, testing::UnorderedElementsAreArray(flags));

  const SettingsFile all(uncommented(example.str()));
  const ServeConfig config = must_parse({"--config", all.path()});
  const ServeConfig defaults;
  EXPECT_EQ(config.listen, defaults.listen);
  EXPECT_EQ(config.architecture, defaults.architecture);
  EXPECT_EQ(config.queue_target_ms, defaults.queue_target_ms);
  EXPECT_EQ(config.queue_deadline_ms, defaults.queue_deadline_ms);
  EXPECT_EQ(config.wal_sync, defaults.wal_sync);
  EXPECT_EQ(config.min_free_disk_bytes, defaults.min_free_disk_bytes);
  EXPECT_EQ(config.max_series, defaults.max_series);
  EXPECT_EQ(config.max_future_ms, defaults.max_future_ms);
  EXPECT_EQ(config.lock_timeout_ms, defaults.lock_timeout_ms);
  EXPECT_EQ(config.shutdown_timeout_ms, defaults.shutdown_timeout_ms);
  EXPECT_EQ(config.self_metrics_interval_ms, defaults.self_metrics_interval_ms);
  EXPECT_EQ(config.log_level, defaults.log_level);
  EXPECT_EQ(config.log_format, defaults.log_format);
  EXPECT_EQ(must_parse({"--config", MS_EXAMPLE_CONFIG}).data_dir, "/var/lib/metricstream");
}

TEST(CommandLineTest, TheDeadlineOfAQueueIsNotBelowItsTarget) {
  for (const char* command : {"serve", "drain"}) {
    EXPECT_THAT(must_not_parse({command, "--queue-deadline", "10ms"}).text, HasSubstr("it is below --queue-target"));
    const auto parsed = parse({command, "--queue-target", "10ms", "--queue-deadline", "10ms"});
    EXPECT_FALSE(std::holds_alternative<Farewell>(parsed)) << command;
  }
  const Environment environment{{"METRICSTREAM_QUEUE_DEADLINE", "10ms"}};
  EXPECT_THAT(must_not_parse({"serve"}).text, HasSubstr("it is below --queue-target"));
}

TEST(CommandLineTest, WorkersHaveOneRange) {
  EXPECT_EQ(must_parse({"--workers", "1024"}).workers, 1024u);
  EXPECT_EQ(must_parse_drain({"--workers", "1024"}).experiment.workers, 1024u);
  for (const char* command : {"serve", "drain"}) {
    EXPECT_EQ(must_not_parse({command, "--workers", "1025"}).status, 2) << command;
  }
}

TEST(CommandLineTest, HelpAndVersionEndWithStatus0) {
  struct Case {
    std::vector<const char*> arguments;
    const char* told;
  };
  for (const Case& c : {
           Case{{"--help"}, "serve"},
           Case{{"serve", "--help"}, "curl --json"},
           Case{{"serve", "--help"}, "Exit status: 0 done, 1 failed, 2 usage."},
           Case{{"--version"}, "metricstream " MS_VERSION},
       }) {
    const Farewell farewell = must_not_parse(c.arguments);
    EXPECT_EQ(farewell.status, 0) << testing::PrintToString(c.arguments);
    EXPECT_THAT(farewell.text, HasSubstr(c.told)) << testing::PrintToString(c.arguments);
  }
}

TEST(DrainCommand, TakesEveryFlag) {
  const DrainConfig config = must_parse_drain(
      {"--rate",           "2500.5", "--duration", "3s",     "--service-time", "7ms",  "--work",         "spin",
       "--workers",        "4",      "--backlog",  "128",    "--architecture", "pool", "--queue-target", "20ms",
       "--queue-deadline", "2s",     "--json",     "--html", "out.html"});
  const drain::Settings& settings = config.experiment;
  EXPECT_DOUBLE_EQ(settings.rate_per_s, 2500.5);
  EXPECT_EQ(settings.duration_ns, 3 * kNanosPerSecond);
  EXPECT_EQ(settings.service_time_ns, 7 * kNanosPerMilli);
  EXPECT_EQ(settings.work, drain::Work::kSpin);
  EXPECT_EQ(settings.workers, 4u);
  EXPECT_EQ(settings.backlog, 128);
  EXPECT_THAT(settings.architectures, ElementsAre(net::Architecture::kPool));
  EXPECT_EQ(settings.queue_target_ns, 20 * kNanosPerMilli);
  EXPECT_EQ(settings.queue_deadline_ns, 2 * kNanosPerSecond);
  EXPECT_TRUE(config.is_json);
  EXPECT_EQ(config.html_path, "out.html");
  EXPECT_FALSE(config.asks_plan);
}

TEST(DrainCommand, DefaultsCompareBothArchitecturesAsTheSeedHasThem) {
  const drain::Settings settings = must_parse_drain({}).experiment;
  EXPECT_THAT(settings.architectures, ElementsAre(net::Architecture::kInline, net::Architecture::kPool));
  EXPECT_EQ(settings.workers, 8u);
  EXPECT_EQ(settings.backlog, 1024);
  EXPECT_EQ(settings.service_time_ns, 5 * kNanosPerMilli);
}

TEST(DrainCommand, PlansForAQuantile) {
  const DrainConfig config = must_parse_drain({"--plan", "--rate", "5000", "--service-time", "5ms", "--p99", "40ms"});
  EXPECT_TRUE(config.asks_plan);
  EXPECT_EQ(config.plan_p99_ns, 40 * kNanosPerMilli);
}

TEST(DrainCommand, RefusesWhatMakesNoSense) {
  const std::vector<std::vector<const char*>> refused = {
      {"drain", "--rate", "0"},        {"drain", "--burst", "10", "--rate", "5"},
      {"drain", "--work", "dance"},    {"drain", "--duration", "0"},
      {"drain", "--duration", "2h"},   {"drain", "--p99", "50ms"},
      {"drain", "--workers", "0"},     {"drain", "--architecture", "old"},
      {"drain", "--service-time", "x"}};
  for (const auto& arguments : refused) {
    EXPECT_EQ(must_not_parse(arguments).status, 2) << testing::PrintToString(arguments);
  }
}

TEST(DrainCommand, APlanRefusesWhatItWouldIgnore) {
  const std::pair<const char*, const char*> options[] = {
      {"--burst", "5"},     {"--duration", "2s"}, {"--work", "spin"},        {"--architecture", "pool"},
      {"--workers", "100"}, {"--backlog", "128"}, {"--queue-target", "5ms"}, {"--queue-deadline", "2s"}};
  for (const auto& [flag, value] : options) {
    const Farewell farewell = must_not_parse({"drain", "--plan", flag, value});
    EXPECT_EQ(farewell.status, 2) << flag;
    EXPECT_THAT(farewell.text, AllOf(HasSubstr("--plan"), HasSubstr("excludes"), HasSubstr(flag)));
  }
}

TEST(DrainCommand, HelpSaysFirstThatNoRunningServerIsTouched) {
  const Farewell help = must_not_parse({"drain", "--help"});
  EXPECT_EQ(help.status, 0);
  EXPECT_TRUE(help.text.starts_with("An experiment on loopback; touches no running server")) << help.text;
}

StormConfig must_parse_storm(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), {"bench", "storm"});
  auto parsed = parse(arguments);
  if (const auto* config = std::get_if<StormConfig>(&parsed)) return *config;
  ADD_FAILURE() << testing::PrintToString(arguments) << " was refused";
  return {};
}

TEST(BenchStorm, IsAClosedLoopUnlessARateOrABurstIsGiven) {
  const StormConfig closed = must_parse_storm({});
  EXPECT_EQ(closed.storm.mode, load::StormMode::kClosed);
  EXPECT_EQ(closed.storm.concurrency, 256u);
  EXPECT_EQ(closed.storm.duration_ns, 10 * kNanosPerSecond);
  EXPECT_EQ(closed.bench.url, "http://127.0.0.1:8080");
  EXPECT_EQ(closed.bench.protocol, load::Protocol::kJson);
  EXPECT_EQ(must_parse_storm({"--rate", "4000"}).storm.mode, load::StormMode::kOpen);
  const StormConfig burst = must_parse_storm({"--burst", "10000"});
  EXPECT_EQ(burst.storm.mode, load::StormMode::kBurst);
  EXPECT_EQ(burst.storm.units_max, 10'000u);
}

TEST(BenchStorm, TakesEachOfItsOptions) {
  const StormConfig config = must_parse_storm(
      {"--concurrency", "64",    "--keep-alive", "--connections", "1000",   "--threads", "2",
       "--timeout",     "500ms", "--protocol",   "get",           "--path", "/a?b",      "--json",
       "--server-pid",  "17",    "--netns",      "clients",       "--seed", "7",         "http://10.0.0.7:9090"});
  EXPECT_EQ(config.storm.concurrency, 64u);
  EXPECT_TRUE(config.storm.is_keep_alive);
  EXPECT_EQ(config.storm.units_max, 1000u);
  EXPECT_EQ(config.storm.threads, 2u);
  EXPECT_EQ(config.storm.timeout_ns, 500 * kNanosPerMilli);
  EXPECT_EQ(config.bench.protocol, load::Protocol::kGet);
  EXPECT_EQ(config.bench.path, "/a?b");
  EXPECT_TRUE(config.bench.is_json);
  EXPECT_EQ(config.bench.server_pid, 17);
  EXPECT_EQ(config.bench.network_namespace, "clients");
  EXPECT_EQ(config.bench.seed, 7u);
  EXPECT_EQ(config.bench.url, "http://10.0.0.7:9090");
}

TEST(BenchStorm, WhatContradictsItselfIsAUsageError) {
  const std::vector<std::vector<const char*>> cases = {{"--rate", "5", "--burst", "5"},
                                                       {"--rate", "5", "--concurrency", "5"},
                                                       {"--rate", "5", "--keep-alive"},
                                                       {"--burst", "5", "--keep-alive"},
                                                       {"--burst", "5", "--duration", "1s"},
                                                       {"--burst", "5", "--connections", "7"},
                                                       {"--connections", "5", "--duration", "1s"},
                                                       {"--concurrency", "0"},
                                                       {"--threads", "0"},
                                                       {"--timeout", "soon"},
                                                       {"--protocol", "ftp"},
                                                       {"--path", "no-slash"},
                                                       {"--path", "/a b"},
                                                       {"--netns", "../x"},
                                                       {"--rate", "nan"},
                                                       {"--rate", "1000000", "--duration", "1h"},
                                                       {"--rate", "1000", "--connections", "1000000000"},
                                                       {"--seed", "-1"}};
  for (auto arguments : cases) {
    arguments.insert(arguments.begin(), {"bench", "storm"});
    const auto parsed = parse(arguments);
    ASSERT_TRUE(std::holds_alternative<Farewell>(parsed)) << testing::PrintToString(arguments);
    EXPECT_EQ(std::get<Farewell>(parsed).status, 2);
  }
}

TEST(Bench, NeedsOneOfItsCommands) {
  const auto parsed = parse({"bench"});
  ASSERT_TRUE(std::holds_alternative<Farewell>(parsed));
  EXPECT_EQ(std::get<Farewell>(parsed).status, 2);
}

}  // namespace
}  // namespace ms::server
