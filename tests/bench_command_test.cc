// `metricstream bench storm` against a real server: what it prints is what the server has seen.

#include <gtest/gtest.h>
#include <simdjson.h>

#include <optional>
#include <string>
#include <vector>

#include "support/child_process.h"
#include "support/endpoint.h"
#include "support/query_client.h"
#include "support/server_process.h"
#include "support/wait.h"

namespace ms::test {
namespace {

struct Ended {
  ExitStatus exit;
  std::string output;
  std::string errors;
};

Ended run_storm(const std::vector<std::string>& options) {
  Command command{.arguments = {server_path(), "bench", "storm"}};
  command.arguments.insert(command.arguments.end(), options.begin(), options.end());
  ChildProcess process(command);
  const std::optional<ExitStatus> exit = process.wait_exit(seconds(60));
  if (!exit) ADD_FAILURE() << "still running";
  return {exit.value_or(ExitStatus{}), process.output(), process.errors()};
}

// The object that `--json` prints.
class Report {
 public:
  explicit Report(std::vector<std::string> options) {
    options.emplace_back("--json");
    const Ended ended = run_storm(options);
    EXPECT_EQ(ended.exit.code, 0) << ended.errors;
    EXPECT_EQ(ended.errors, "");
    EXPECT_EQ(parser_.parse(ended.output).get(all_), simdjson::SUCCESS) << ended.output;
  }

  uint64_t integer(const char* pointer) const { return get<uint64_t>(pointer); }
  double real(const char* pointer) const { return get<double>(pointer); }
  std::string text(const char* pointer) const { return std::string(get<std::string_view>(pointer)); }
  bool is_null(const char* pointer) const { return all_.at_pointer(pointer).is_null(); }
  size_t size(const char* pointer) const { return get<simdjson::dom::array>(pointer).size(); }

 private:
  template <class Value>
  Value get(const char* pointer) const {
    Value value{};
    EXPECT_EQ(all_.at_pointer(pointer).get(value), simdjson::SUCCESS) << pointer;
    return value;
  }

  simdjson::dom::parser parser_;
  simdjson::dom::element all_;
};

void expect_all_served(const Report& report, uint64_t units) {
  EXPECT_EQ(report.integer("/offered"), units);
  EXPECT_EQ(report.integer("/served"), units);
  for (const char* failure : {"/refused_503", "/reset", "/timed_out", "/connect_refused", "/cut_short", "/not_begun"}) {
    EXPECT_EQ(report.integer(failure), 0u) << failure;
  }
}

void expect_in_order(const Report& report, const std::string& times) {
  const std::vector<std::string> quantiles = {"/p50", "/p90", "/p99", "/p999", "/max"};
  for (size_t i = 1; i < quantiles.size(); ++i) {
    EXPECT_LE(report.real((times + quantiles[i - 1]).c_str()), report.real((times + quantiles[i]).c_str())) << times;
  }
  EXPECT_GT(report.real((times + "/max").c_str()), 0);
}

TEST(BenchStorm, CountsWhatTheServerHasServedAndSpent) {
  ServerProcess server;
  ASSERT_TRUE(server.start());
  const Report report({"--connections", "500", "--concurrency", "20", "--threads", "2", server.endpoint().text()});
  EXPECT_EQ(report.text("/mode"), "closed");
  expect_all_served(report, 500);
  EXPECT_EQ(report.integer("/connects"), 500u);
  for (const char* times : {"/latency_us", "/connect_us", "/lag_us"}) expect_in_order(report, times);
  EXPECT_GT(report.real("/per_s"), 0);
  EXPECT_GT(report.real("/generator_cpu_us_per_unit"), 0);
  EXPECT_GT(report.real("/server_cpu_us_per_unit"), 0);
  EXPECT_GT(report.real("/context_switches_per_unit"), 0);
  EXPECT_EQ(report.size("/server_pids"), 1u);
  EXPECT_EQ(report.integer("/server_pids/0"), static_cast<uint64_t>(server.pid()));
  EXPECT_GT(report.integer("/listen_queue/limit"), 0u);
  EXPECT_EQ(report.text("/settings/path"), "/metrics");
  EXPECT_EQ(report.integer("/settings/concurrency"), 20u);
}

TEST(BenchStorm, KeptAliveEachClientHasOneConnection) {
  ServerProcess server;
  ASSERT_TRUE(server.start());
  const Report report({"--keep-alive", "--connections", "2000", "--concurrency", "8", server.endpoint().text()});
  expect_all_served(report, 2000);
  EXPECT_EQ(report.integer("/connects"), 8u);
}

TEST(BenchStorm, AnOpenLoopAndABurstAreServedInEachProtocol) {
  ServerProcess server;
  ASSERT_TRUE(server.start());
  const std::string url = "http://" + server.endpoint().text();
  for (const char* protocol : {"json", "remote-write", "get"}) {
    expect_all_served(Report({"--rate", "2000", "--connections", "300", "--protocol", protocol, url}), 300);
    expect_all_served(Report({"--burst", "300", "--protocol", protocol, url}), 300);
  }
  const auto answer = run_query(server.endpoint(), "/api/v1/query?query=cpu_usage_user");
  ASSERT_TRUE(answer) << answer.error();
  EXPECT_EQ(answer->series.size(), 100u);
}

TEST(BenchStorm, TellsOfStatusesThatAreNoSuccess) {
  ServerProcess server;
  ASSERT_TRUE(server.start());
  const Report report({"--connections", "50", "--path", "/nowhere", server.endpoint().text()});
  EXPECT_EQ(report.integer("/served"), 0u);
  EXPECT_EQ(report.integer("/other_status/404"), 50u);
}

TEST(BenchStorm, WhereNobodyListensThereIsNoServerToTellOf) {
  const std::string nobody = "127.0.0.1:" + std::to_string(choose_free_port());
  const Report report({"--connections", "50", nobody});
  EXPECT_EQ(report.integer("/connect_refused"), 50u);
  EXPECT_EQ(report.integer("/connects"), 0u);
  EXPECT_TRUE(report.is_null("/server_cpu_us_per_unit"));
  EXPECT_TRUE(report.is_null("/listen_queue"));
}

TEST(BenchStorm, PrintsATableUnlessToldOtherwise) {
  ServerProcess server;
  ASSERT_TRUE(server.start());
  const Ended ended = run_storm({"--connections", "200", server.endpoint().text()});
  EXPECT_EQ(ended.exit.code, 0);
  EXPECT_EQ(ended.errors, "");  // no progress where stderr is no terminal
  EXPECT_NE(ended.output.find("connections     200 in "), std::string::npos) << ended.output;
  EXPECT_NE(ended.output.find(": 2xx 200\n"), std::string::npos) << ended.output;
}

TEST(BenchStorm, AUrlThatNamesNoServerIsAUsageError) {
  const Ended ended = run_storm({"https://127.0.0.1:8080"});
  EXPECT_EQ(ended.exit.code, 2);
  EXPECT_NE(ended.errors.find("only http:// is spoken"), std::string::npos) << ended.errors;
}

}  // namespace
}  // namespace ms::test
