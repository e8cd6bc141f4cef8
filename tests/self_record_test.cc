// The server's own figures in its own store: what the graphs of its page are drawn from.

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>

#include "support/http_client.h"
#include "support/metrics_page.h"
#include "support/query_client.h"
#include "support/remote_protocol.h"
#include "support/server_process.h"
#include "support/wait.h"

namespace ms::test {
namespace {

constexpr const char* kSelf = R"(job="metricstream",instance="self")";

// All that is recorded of the last minutes, each series with its samples.
SeriesMap recorded(const Endpoint& endpoint) {
  const std::string query = "{" + std::string(kSelf) + "}[5m]";
  const auto answer = run_query(endpoint, "/api/v1/query?query=" + percent_encode(query));
  if (!answer) {
    ADD_FAILURE() << answer.error();
    return {};
  }
  return read_matrix(*answer).value();
}

std::map<std::string, double> metrics_page(const Endpoint& endpoint) {
  const auto reply = get(endpoint, "/metrics");
  return reply ? read_samples(reply->body) : std::map<std::string, double>();
}

bool has_recorded(const Endpoint& endpoint, double times) {
  return wait_until(seconds(30), [&] { return metrics_page(endpoint)["metricstream_self_records_total"] >= times; });
}

TEST(SelfRecord, TheFrontDoorsFiguresAreInTheStoreAndStayThere) {
  ServerProcess server({.flags = {"--self-metrics-interval", "100ms"}});
  ASSERT_TRUE(server.start());
  ASSERT_TRUE(has_recorded(server.endpoint(), 3));
  const SeriesMap before = recorded(server.endpoint());
  // 16 figures, and of 7 stages 23 buckets, the sum and the count.
  EXPECT_EQ(before.size(), 16u + 7 * 25);
  size_t samples = 0;
  for (const auto& [labels, series] : before) samples = std::max(samples, series.size());
  EXPECT_GE(samples, 3u);

  server.signal(SIGKILL);
  ASSERT_TRUE(server.wait_exit(seconds(20)));
  ASSERT_TRUE(server.start());
  const SeriesMap after = recorded(server.endpoint());
  for (const auto& [labels, series] : before) {
    ASSERT_TRUE(after.contains(labels)) << labels;
    for (const auto& [timestamp, value] : series) EXPECT_TRUE(after.at(labels).contains(timestamp)) << labels;
  }
}

TEST(SelfRecord, SwitchedOffNothingIsWritten) {
  ServerProcess server({.flags = {"--self-metrics-interval", "0"}});
  ASSERT_TRUE(server.start());
  ASSERT_TRUE(get(server.endpoint(), "/api/v1/query?query=up"));
  const std::map<std::string, double> page = metrics_page(server.endpoint());
  EXPECT_EQ(page.at("metricstream_self_records_total"), 0);
  EXPECT_EQ(page.at("metricstream_store_series"), 0);
}

TEST(SelfRecord, WhileWritesAreRefusedRecordsAreDroppedAndCounted) {
  ServerProcess server({.flags = {"--self-metrics-interval", "100ms", "--min-free-disk", "1000TiB"}});
  ASSERT_TRUE(server.start());
  EXPECT_TRUE(wait_until(
      seconds(30), [&] { return metrics_page(server.endpoint())["metricstream_self_records_failed_total"] >= 2; }));
  const std::map<std::string, double> page = metrics_page(server.endpoint());
  EXPECT_EQ(page.at("metricstream_self_records_total"), 0);
  EXPECT_EQ(page.at("metricstream_store_writes_refused_total"), 0) << "those are clients' writes";
}

}  // namespace
}  // namespace ms::test
