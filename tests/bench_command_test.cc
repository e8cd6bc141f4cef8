// `metricstream bench` against a real server: what it prints is what the server has seen.

#include <gtest/gtest.h>
#include <simdjson.h>

#include <optional>
#include <string>
#include <vector>

#include "load/workload.h"
#include "support/child_process.h"
#include "support/endpoint.h"
#include "support/http_reply.h"
#include "support/query_client.h"
#include "support/sanitizer.h"
#include "support/series_map.h"
#include "support/server_process.h"
#include "support/wait.h"

namespace ms::test {
namespace {

struct Ended {
  ExitStatus exit;
  std::string output;
  std::string errors;
};

Ended run_bench(const std::string& name, const std::vector<std::string>& options) {
  Command command{.arguments = {server_path(), "bench", name}};
  command.arguments.insert(command.arguments.end(), options.begin(), options.end());
  ChildProcess process(command);
  const std::optional<ExitStatus> exit = process.wait_exit(seconds(60));
  if (!exit) ADD_FAILURE() << "still running";
  return {exit.value_or(ExitStatus{}), process.output(), process.errors()};
}

Ended run_storm(const std::vector<std::string>& options) { return run_bench("storm", options); }

// The object that `--json` prints.
class Report {
 public:
  explicit Report(std::vector<std::string> options, const std::string& name = "storm") {
    options.emplace_back("--json");
    const Ended ended = run_bench(name, options);
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
  for (const char* failure :
       {"/refused_503", "/reset", "/timed_out", "/connect_refused", "/cut_short", "/broken_reply", "/not_begun"}) {
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
  for (const char* times : {"/latency_us", "/connect_us", "/lag_us", "/beyond_lag_us"}) expect_in_order(report, times);
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
  EXPECT_TRUE(report.is_null("/latency_us"));
}

TEST(BenchStorm, WhereNobodyListensItFails) {
  const std::string nobody = "127.0.0.1:" + std::to_string(choose_free_port());
  const std::vector<std::vector<std::string>> loads = {
      {"--connections", "50"}, {"--rate", "1000", "--connections", "50"}, {"--burst", "50"}, {"--duration", "30m"}};
  for (std::vector<std::string> options : loads) {
    options.insert(options.end(), {"--json", nobody});
    const Ended ended = run_storm(options);
    EXPECT_EQ(ended.exit.code, 1);
    EXPECT_EQ(ended.output, "");
    EXPECT_NE(ended.errors.find("connect: Connection refused"), std::string::npos) << ended.errors;
  }
}

TEST(Bench, AServerPidOfNoProcessIsAUsageError) {
  ServerProcess server;
  ASSERT_TRUE(server.start());
  for (const char* name : {"storm", "ingest", "mixed"}) {
    for (const char* pid : {"4194304", "-5", "0"}) {  // Linux has fewer
      const Ended ended = run_bench(name, {"--server-pid", pid, server.endpoint().text()});
      EXPECT_EQ(ended.exit.code, 2) << name << " " << pid;
      EXPECT_EQ(ended.output, "");
      EXPECT_NE(ended.errors.find("--server-pid"), std::string::npos) << ended.errors;
    }
  }
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

constexpr int64_t kStartMs = 1732363200000;
constexpr size_t kSeries = 300;
constexpr uint64_t kSteps = 10;

// What an ingest of kSteps steps of a second is to leave behind.
SeriesMap workload_samples() {
  const load::Workload workload(7);
  SeriesMap all;
  for (size_t series = 0; series < kSeries; ++series) {
    SampleMap& samples = all[label_text(workload.labels(series))];
    for (uint64_t step = 0; step < kSteps; ++step) {
      samples[kStartMs + static_cast<int64_t>(step) * 1000] = bits_of(workload.value(series, step));
    }
  }
  return all;
}

TEST(BenchIngest, EverySampleThatIsAcknowledgedCanBeQueried) {
  for (const char* protocol : {"remote-write", "json"}) {
    ServerProcess server;
    ASSERT_TRUE(server.start());
    const Report report(
        {"--protocol", protocol, "--series", "300", "--samples", "3000", "--samples-per-request", "70", "--connections",
         "4", "--start-time", "2024-11-23T12:00:00Z", "--step", "1s", "--seed", "7", server.endpoint().text()},
        "ingest");
    EXPECT_EQ(report.text("/protocol"), protocol);
    EXPECT_EQ(report.integer("/samples_sent"), 3000u);
    EXPECT_EQ(report.integer("/samples_acked"), 3000u);
    EXPECT_EQ(report.integer("/requests"), 44u);  // 11 for 750 samples of each connection
    EXPECT_EQ(report.integer(protocol == std::string("json") ? "/statuses/200" : "/statuses/204"), 44u);
    EXPECT_EQ(report.integer("/connects"), 4u);
    expect_in_order(report, "/request_us");
    EXPECT_GT(report.real("/samples_per_s"), 0);
    EXPECT_GT(report.real("/server_cpu_s_per_million"), 0);
    EXPECT_GT(report.integer("/server_rss_bytes_max"), 1u << 20);
    EXPECT_EQ(report.integer("/server_pids/0"), static_cast<uint64_t>(server.pid()));

    const auto answer =
        run_query(server.endpoint(), "/api/v1/query?time=1732363300&query=" + percent_encode("{__name__=~\".+\"}[1h]"));
    ASSERT_TRUE(answer) << answer.error();
    const auto found = read_matrix(*answer);
    ASSERT_TRUE(found) << found.error();
    EXPECT_TRUE(same_samples(workload_samples(), *found));
  }
}

TEST(BenchIngest, TellsOfStatusesThatAreNoSuccess) {
  ServerProcess server;
  ASSERT_TRUE(server.start());
  const Report report({"--series", "100", "--samples", "1000", "--samples-per-request", "100", "--path", "/nowhere",
                       server.endpoint().text()},
                      "ingest");
  EXPECT_EQ(report.integer("/statuses/404"), 10u);
  EXPECT_EQ(report.integer("/samples_sent"), 1000u);
  EXPECT_EQ(report.integer("/samples_acked"), 0u);
  EXPECT_TRUE(report.is_null("/request_us"));
  EXPECT_TRUE(report.is_null("/server_cpu_s_per_million"));
}

TEST(BenchIngest, PrintsATableUnlessToldOtherwise) {
  ServerProcess server;
  ASSERT_TRUE(server.start());
  const Ended ended = run_bench("ingest", {"--samples", "20000", "--connections", "2", server.endpoint().text()});
  EXPECT_EQ(ended.exit.code, 0);
  EXPECT_EQ(ended.errors, "");
  EXPECT_NE(ended.output.find("20,000 acknowledged of 20,000 in "), std::string::npos) << ended.output;
  EXPECT_NE(ended.output.find("20: 204 20\n"), std::string::npos) << ended.output;
}

TEST(BenchIngest, WhereNobodyListensItFails) {
  const std::string nobody = "127.0.0.1:" + std::to_string(choose_free_port());
  for (const char* name : {"ingest", "mixed"}) {
    const Ended ended = run_bench(name, {"--series", "100", "--connections", "10", "--json", nobody});
    EXPECT_EQ(ended.exit.code, 1);
    EXPECT_EQ(ended.output, "");
    EXPECT_NE(ended.errors.find("connect: Connection refused"), std::string::npos) << ended.errors;
  }
}

TEST(BenchMixed, RunsAnIngestAndAStormBesideIt) {
  if (kIsSanitized) GTEST_SKIP() << "it takes a minute to build requests for a server without sanitizers";
  ServerProcess server;
  ASSERT_TRUE(server.start());
  const Report report({"--rate", "1000", "--connections", "200", "--ingest-connections", "3", server.endpoint().text()},
                      "mixed");
  EXPECT_EQ(report.text("/storm/mode"), "open");
  EXPECT_EQ(report.integer("/storm/offered"), 200u);
  EXPECT_EQ(report.integer("/storm/served") + report.integer("/storm/refused_503"), 200u);
  EXPECT_TRUE(report.is_null("/storm/server_cpu_us_per_unit"));
  EXPECT_EQ(report.text("/storm/settings/path"), "/metrics");
  EXPECT_GT(report.integer("/ingest/samples_acked"), 0u);
  EXPECT_GE(report.real("/ingest/elapsed_s"), 1.0);
  EXPECT_EQ(report.integer("/ingest/connects"), 3u);
  EXPECT_GT(report.real("/ingest/server_cpu_s_per_million"), 0);
  EXPECT_EQ(report.text("/ingest/settings/path"), "/api/v1/write");
}

}  // namespace
}  // namespace ms::test
