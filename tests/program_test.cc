// How the server behaves as a program: its flags and their environment, its log, its exit codes, and its limits.

#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "base/clock.h"
#include "support/child_process.h"
#include "support/http_client.h"
#include "support/json_error.h"
#include "support/query_client.h"
#include "support/remote_protocol.h"
#include "support/server_process.h"
#include "support/temp_dir.h"
#include "support/wait.h"

namespace ms::test {
namespace {

struct Ended {
  ExitStatus exit;
  std::string output;
  std::string errors;
};

// Runs the program to its end, which must come within the timeout.
Ended run(const std::vector<std::string>& arguments, const std::vector<std::string>& environment = {}) {
  Command command{.arguments = {server_path()}, .environment = environment};
  command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
  ChildProcess process(command);
  const std::optional<ExitStatus> exit = process.wait_exit(seconds(20));
  if (!exit) ADD_FAILURE() << "still running; its log:\n" << process.errors();
  return {exit.value_or(ExitStatus{}), process.output(), process.errors()};
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::vector<std::string> lines_with(const std::string& text, const std::string& part) {
  std::vector<std::string> found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (contains(line, part)) found.push_back(line);
  }
  return found;
}

// A server that is started without ServerProcess, and the address that it says it listens on.
class RawServer {
 public:
  RawServer(const std::vector<std::string>& flags, const std::vector<std::string>& environment)
      : process_(command(flags, environment)) {}

  std::vector<Endpoint> wait_listening() {
    std::vector<Endpoint> endpoints;
    wait_until(seconds(20), [&] {
      endpoints = find_listening_addresses(process_.errors());
      return !endpoints.empty() || !process_.is_running();
    });
    return endpoints;
  }
  ChildProcess& process() { return process_; }

 private:
  Command command(const std::vector<std::string>& flags, const std::vector<std::string>& environment) const {
    Command made{.arguments = {server_path(), "serve"}, .environment = environment};
    made.arguments.insert(made.arguments.end(), {"--data-dir", files_.file("data")});
    made.arguments.insert(made.arguments.end(), flags.begin(), flags.end());
    return made;
  }

  TempDir files_;
  ChildProcess process_;
};

// The flags of a help text, in its order. Each has a line: "  --workers N:INT=8 (Env:METRICSTREAM_WORKERS)".
std::vector<std::string> listed_flags(const std::string& help) {
  std::vector<std::string> flags;
  for (const std::string& line : lines_with(help, "(Env:METRICSTREAM_")) {
    const size_t begin = line.find("--");
    flags.push_back(line.substr(begin, line.find(' ', begin) - begin));
  }
  return flags;
}

TEST(Program, HelpNamesEachFlagAndItsUse) {
  const Ended general = run({"--help"});
  EXPECT_EQ(general.exit.code, 0);
  EXPECT_TRUE(contains(general.output, "serve")) << general.output;
  const Ended serve = run({"serve", "--help"});
  EXPECT_EQ(serve.exit.code, 0);
  const std::vector<std::string> flags = {"--config",          "--listen",           "--backlog",
                                          "--max-connections", "--connection-queue", "--workers",
                                          "--queue-target",    "--queue-deadline",   "--architecture",
                                          "--data-dir",        "--wal-sync",         "--memory-limit",
                                          "--min-free-disk",   "--max-series",       "--max-future",
                                          "--lock-timeout",    "--shutdown-timeout", "--self-metrics-interval",
                                          "--log-level",       "--log-format"};
  EXPECT_EQ(listed_flags(serve.output), flags) << serve.output;
}

TEST(Program, VersionIsOneLine) {
  const Ended ended = run({"--version"});
  EXPECT_EQ(ended.exit.code, 0);
  EXPECT_TRUE(contains(ended.output, "metricstream 0.")) << ended.output;
  EXPECT_EQ(std::ranges::count(ended.output, '\n'), 1);
}

TEST(Program, WrongUsageExitsWith2AndSaysWhatIsWrong) {
  struct Case {
    std::vector<std::string> arguments;
    std::string told;
  };
  const TempDir files;
  const std::vector<std::string> serve = {"serve", "--listen", "127.0.0.1:0", "--data-dir", files.file("data")};
  const auto with = [&](const std::string& flag, const std::string& value) {
    std::vector<std::string> arguments = serve;
    arguments.insert(arguments.end(), {flag, value});
    return arguments;
  };
  const std::vector<Case> cases = {
      {with("--no-such-flag", "1"), "--no-such-flag"},
      {{"no-such-command"}, "subcommand"},
      {with("--workers", "many"), "many"},
      {with("--workers", "0"), "workers"},
      {with("--wal-sync", "sometimes"), "sometimes"},
      {with("--memory-limit", "10 apples"), "10 apples"},
      {with("--log-format", "xml"), "xml"},
      {with("--shutdown-timeout", "soon"), "soon"},
  };
  for (const Case& wrong : cases) {
    SCOPED_TRACE(wrong.told);
    const Ended ended = run(wrong.arguments);
    EXPECT_EQ(ended.exit.code, 2);
    EXPECT_TRUE(contains(ended.errors, wrong.told)) << ended.errors;
  }
}

TEST(Program, AnAddressThatCannotBeListenedOnIsNamed) {
  const TempDir files;
  for (const std::string address :
       {"not an address", "127.0.0.1", "127.0.0.1:70000", "127.0.0.1:http", "192.0.2.1:0"}) {
    SCOPED_TRACE(address);
    const Ended ended = run({"serve", "--listen", address, "--data-dir", files.file("data")});
    EXPECT_TRUE(ended.exit.code == 1 || ended.exit.code == 2) << ended.exit.code;
    EXPECT_TRUE(contains(ended.errors, address)) << ended.errors;
  }
}

TEST(Program, APortInUseEndsItWith1AndIsNamed) {
  ServerProcess first;
  ASSERT_TRUE(first.start());
  const TempDir files;
  const Ended second = run({"serve", "--listen", first.endpoint().text(), "--data-dir", files.file("data")});
  EXPECT_EQ(second.exit.code, 1);
  EXPECT_TRUE(contains(second.errors, first.endpoint().text())) << second.errors;
}

TEST(Program, ASecondProcessOnADirectoryEndsWith1AndNamesTheFirst) {
  ServerProcess first;
  ASSERT_TRUE(first.start());
  const auto begin = Clock::now();
  const Ended second =
      run({"serve", "--listen", "127.0.0.1:0", "--data-dir", first.data_dir(), "--lock-timeout", "1s"});
  EXPECT_EQ(second.exit.code, 1);
  EXPECT_GE(Clock::now() - begin, milliseconds(900));
  EXPECT_LT(Clock::now() - begin, seconds(8));
  EXPECT_TRUE(contains(second.errors, std::to_string(first.pid()))) << second.errors;
  const ClientResult<HttpReply> reply = get(first.endpoint(), "/ready");
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->status, 200);
}

TEST(Program, ASignalIsHeardWhileTheDirectorysLockIsWaitedFor) {
  ServerProcess first;
  ASSERT_TRUE(first.start());
  ChildProcess second({.arguments = {server_path(), "serve", "--listen", "127.0.0.1:0", "--data-dir", first.data_dir(),
                                     "--lock-timeout", "60s"}});
  ASSERT_TRUE(wait_until(seconds(20), [&] { return !find_listening_addresses(second.errors()).empty(); }));
  second.signal(SIGTERM);
  const auto exit = second.wait_exit(seconds(20));
  ASSERT_TRUE(exit) << second.errors();
  EXPECT_EQ(exit->code, 0) << second.errors();
}

TEST(Program, ASuccessorWaitsForTheDirectoryOfItsPredecessor) {
  ServerProcess first;
  ASSERT_TRUE(first.start());
  ChildProcess second({.arguments = {server_path(), "serve", "--listen", "127.0.0.1:0", "--data-dir", first.data_dir(),
                                     "--lock-timeout", "30s"}});
  ASSERT_TRUE(wait_until(seconds(20), [&] { return !find_listening_addresses(second.errors()).empty(); }));
  const Endpoint endpoint = find_listening_addresses(second.errors()).front();
  first.signal(SIGTERM);
  EXPECT_TRUE(wait_until(seconds(20), [&] {
    const ClientResult<HttpReply> reply = get(endpoint, "/ready");
    return reply && reply->status == 200;
  })) << second.errors();
}

TEST(Program, FlagsComeFromTheEnvironmentAndTheCommandLineGoesFirst) {
  RawServer from_environment({}, {"METRICSTREAM_LISTEN=127.0.0.2:0", "METRICSTREAM_LOG_FORMAT=logfmt"});
  const std::vector<Endpoint> given = from_environment.wait_listening();
  ASSERT_EQ(given.size(), 1u) << from_environment.process().errors();
  EXPECT_EQ(given[0].host, "127.0.0.2");

  RawServer from_flag({"--listen", "127.0.0.3:0"}, {"METRICSTREAM_LISTEN=127.0.0.2:0"});
  const std::vector<Endpoint> chosen = from_flag.wait_listening();
  ASSERT_EQ(chosen.size(), 1u) << from_flag.process().errors();
  EXPECT_EQ(chosen[0].host, "127.0.0.3");

  const Ended wrong = run({"serve"}, {"METRICSTREAM_WORKERS=many"});
  EXPECT_EQ(wrong.exit.code, 2);
  EXPECT_TRUE(contains(wrong.errors, "many")) << wrong.errors;
}

TEST(Program, JsonLogLinesAreJson) {
  RawServer server({"--listen", "127.0.0.1:0", "--log-format", "json"}, {});
  ASSERT_TRUE(wait_until(seconds(20), [&] { return contains(server.process().errors(), R"("msg":"listening")"); }))
      << server.process().errors();
  server.process().signal(SIGTERM);
  ASSERT_TRUE(server.process().wait_exit(seconds(20)));
  std::istringstream lines(server.process().errors());
  simdjson::dom::parser parser;
  for (std::string line; std::getline(lines, line);) {
    simdjson::dom::object event;
    ASSERT_EQ(parser.parse(line).get(event), simdjson::SUCCESS) << line;
    for (const char* key : {"time", "level", "msg"}) {
      std::string_view value;
      EXPECT_EQ(event[key].get(value), simdjson::SUCCESS) << line;
    }
  }
}

TEST(Program, AnAddressBeyondLoopbackWarnsThatThereIsNoAuthentication) {
  RawServer open({"--listen", "0.0.0.0:0"}, {});
  ASSERT_FALSE(open.wait_listening().empty());
  EXPECT_TRUE(wait_until(seconds(10), [&] {
    return std::ranges::any_of(lines_with(open.process().errors(), "level=warn"),
                               [](const std::string& line) { return contains(line, "authentication"); });
  })) << open.process().errors();

  ServerProcess loopback;
  ASSERT_TRUE(loopback.start());
  EXPECT_FALSE(contains(loopback.log(), "authentication"));
}

TEST(Program, TheEffectiveConfigurationIsLoggedOnce) {
  ServerProcess server({.flags = {"--workers", "3", "--shutdown-timeout", "7s"}});
  ASSERT_TRUE(server.start());
  const std::vector<std::string> lines = lines_with(server.log(), "msg=configuration");
  ASSERT_EQ(lines.size(), 1u) << server.log();
  EXPECT_TRUE(contains(lines[0], "workers=3")) << lines[0];
  EXPECT_TRUE(contains(lines[0], "shutdown_timeout_ms=7000")) << lines[0];
  EXPECT_TRUE(contains(lines[0], "data_dir=" + server.data_dir())) << lines[0];
  EXPECT_TRUE(contains(lines[0], "max_connections=")) << lines[0];
}

// A write of `count` series that no earlier one had.
std::string write_new_series(int& next, int count) {
  std::vector<WrittenSeries> series;
  for (int i = 0; i < count; ++i) {
    series.push_back(
        {.labels = {{"__name__", "many"}, {"filler", std::string(200, 'x')}, {"n", std::to_string(next++)}},
         .samples = {{wall_ms(), 1.0}}});
  }
  return remote_write_text(encode_remote_write(series));
}

void expect_refused_for_now(const HttpReply& reply, const std::string& reason) {
  EXPECT_EQ(reply.status, 503);
  EXPECT_FALSE(reply.header("Retry-After").empty());
  EXPECT_TRUE(is_json_error(reply));
  EXPECT_TRUE(contains(reply.body, reason)) << reply.body;
}

TEST(Limits, AtTheMemoryLimitWritesAreRefusedAndQueriesGoOn) {
  ServerProcess server({.flags = {"--memory-limit", "64MiB"}});
  ASSERT_TRUE(server.start());
  ClientResult<HttpClient> client = HttpClient::connect(server.endpoint());
  ASSERT_TRUE(client) << client.error().message;
  int series = 0;
  std::optional<HttpReply> refused;
  while (!refused && series < 1'000'000) {
    const ClientResult<HttpReply> reply = client->request(write_new_series(series, 2000));
    ASSERT_TRUE(reply) << reply.error().message;
    if (reply->status != 204) refused = *reply;
  }
  ASSERT_TRUE(refused) << "a million series fit into 64 MiB";
  expect_refused_for_now(*refused, "memory");
  const auto answer = run_query(server.endpoint(), "/api/v1/query?query=" + percent_encode(R"(many{n="17"})"));
  ASSERT_TRUE(answer) << answer.error();
  EXPECT_EQ(answer->series.size(), 1u);
}

TEST(Limits, BelowTheMinimumOfFreeDiskWritesAreRefusedAndQueriesGoOn) {
  ServerProcess server({.flags = {"--min-free-disk", "1000TiB"}});
  ASSERT_TRUE(server.start());
  int series = 0;
  ClientResult<HttpReply> reply = fetch(server.endpoint(), write_new_series(series, 1));
  ASSERT_TRUE(reply) << reply.error().message;
  expect_refused_for_now(*reply, "disk");
  reply = fetch(server.endpoint(), json_write_text(R"({"name":"a","value":1})"));
  ASSERT_TRUE(reply) << reply.error().message;
  expect_refused_for_now(*reply, "disk");
  EXPECT_TRUE(run_query(server.endpoint(), "/api/v1/query?query=many"));
}

TEST(Program, DrainPrintsOneJsonObjectAndNothingElse) {
  const Ended ended = run({"drain", "--json", "--burst", "20", "--service-time", "1ms"});
  EXPECT_EQ(ended.exit.code, 0) << ended.errors;
  EXPECT_EQ(ended.errors, "") << "progress is for terminals";
  simdjson::dom::parser parser;
  simdjson::dom::element all;
  ASSERT_EQ(parser.parse(ended.output).get(all), simdjson::SUCCESS) << ended.output;
  for (const char* offered : {"/inline/counts/offered", "/pool/counts/offered"}) {
    EXPECT_EQ(uint64_t(all.at_pointer(offered)), 20u);
  }
  EXPECT_EQ(double(all.at_pointer("/pool/timed_out_per_s")), 0);
}

TEST(Program, DrainDrawsFramesAndTableWithoutEscapesIntoAPipe) {
  const Ended ended = run({"drain", "--burst", "20", "--service-time", "1ms"});
  EXPECT_EQ(ended.exit.code, 0) << ended.errors;
  for (const char* part : {"THE OLD ARCHITECTURE", "FRAME 1", "FRAME 4", "inline (old)", "pool (new)", "descriptors"}) {
    EXPECT_TRUE(contains(ended.output, part)) << part;
  }
  EXPECT_FALSE(contains(ended.output, "\033"));
}

TEST(Program, DrainWritesAFileForABrowserBesideItsOutput) {
  const TempDir files;
  const std::string path = files.file("drain.html");
  const Ended ended = run({"drain", "--json", "--burst", "20", "--service-time", "1ms", "--html", path});
  EXPECT_EQ(ended.exit.code, 0) << ended.errors;
  EXPECT_TRUE(contains(ended.errors, path)) << ended.errors;
  simdjson::dom::parser parser;
  EXPECT_EQ(parser.parse(ended.output).error(), simdjson::SUCCESS) << ended.output;
  const std::string html = read_whole_file(path);
  for (const char* part : {R"("architecture":"inline")", R"("architecture":"pool")", "</html>"}) {
    EXPECT_TRUE(contains(html, part)) << part;
  }
  for (const char* url : {"src=\"", "href=\"", "https://", "url("}) EXPECT_FALSE(contains(html, url)) << url;
}

TEST(Program, DrainSaysThatItCannotWriteItsFileBeforeItRuns) {
  const TempDir files;
  const Ended ended = run({"drain", "--html", files.file("none/drain.html")});  // it would take 20 s
  EXPECT_EQ(ended.exit.code, 1);
  EXPECT_TRUE(contains(ended.errors, "none/drain.html")) << ended.errors;
  EXPECT_EQ(ended.output, "");
}

}  // namespace
}  // namespace ms::test
