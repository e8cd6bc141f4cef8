// GET /metrics: the names on it are an interface, its format is checked by promtool, and its figures are those of the
// requests that were made.

#include "support/metrics_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>

#include "support/child_process.h"
#include "support/http_client.h"
#include "support/peers.h"
#include "support/server_process.h"
#include "support/wait.h"

namespace ms::test {
namespace {

constexpr int kWrites = 50;

// The values of a metric by the value of its label `stage`.
std::map<std::string, double> by_stage(const std::map<std::string, double>& samples, const std::string& name) {
  std::map<std::string, double> stages;
  const std::string prefix = name + "{stage=\"";
  for (const auto& [key, value] : samples) {
    if (key.starts_with(prefix))
      stages[key.substr(prefix.size(), key.find('"', prefix.size()) - prefix.size())] = value;
  }
  return stages;
}

class MetricsPage : public PeerTest {
 protected:
  MetricsPage() : PeerTest({kPromtool}) {}

  void SetUp() override {
    PeerTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    ASSERT_TRUE(server_.start());
    for (int i = 0; i < kWrites; ++i) {
      const ClientResult<HttpReply> reply =
          fetch(server_.endpoint(), json_write_text(R"({"name":"traffic","value":1,"type":"gauge"})"));
      ASSERT_TRUE(reply) << reply.error().message;
      ASSERT_EQ(reply->status, 200);
    }
    ASSERT_TRUE(get(server_.endpoint(), "/api/v1/query?query=traffic"));
    ASSERT_TRUE(get(server_.endpoint(), "/no/such/page"));
    const ClientResult<HttpReply> reply = get(server_.endpoint(), "/metrics");
    ASSERT_TRUE(reply) << reply.error().message;
    ASSERT_EQ(reply->status, 200);
    EXPECT_TRUE(reply->header("Content-Type").starts_with("text/plain; version=0.0.4"))
        << reply->header("Content-Type");
    page_ = reply->body;
    samples_ = read_samples(page_);
  }

  // The only value of a metric whose name begins like this and goes on with labels or nothing.
  double value_of(const std::string& name) const {
    for (const auto& [key, value] : samples_) {
      if (key == name || key.starts_with(name + "{")) return value;
    }
    ADD_FAILURE() << name << " is not on the page";
    return std::nan("");
  }

  ServerProcess server_;
  std::string page_;
  std::map<std::string, double> samples_;
};

TEST_F(MetricsPage, PassesPromtoolWithoutAWord) {
  const TempDir files;
  write_whole_file(files.file("page"), page_);
  ChildProcess promtool({.arguments = {peer_path(kPromtool), "check", "metrics"}, .input_path = files.file("page")});
  const std::optional<ExitStatus> exit = promtool.wait_exit(seconds(30));
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 0);
  EXPECT_EQ(promtool.output() + promtool.errors(), "");
}

TEST_F(MetricsPage, ShowsWhereConnectionsWait) {
  EXPECT_GE(value_of("metricstream_listen_queue_depth"), 0);
  EXPECT_GE(value_of("metricstream_listen_queue_limit"), 1);
  EXPECT_EQ(value_of("metricstream_listen_drops_total"), 0);
  EXPECT_GE(value_of("metricstream_connection_queue_length"), 0);
  EXPECT_GE(value_of("metricstream_connection_queue_age_seconds"), 0);
  EXPECT_LT(value_of("metricstream_connection_queue_age_seconds"), 60);
}

TEST_F(MetricsPage, CountsEachRequestInEachStage) {
  const std::map<std::string, double> counts = by_stage(samples_, "metricstream_stage_seconds_count");
  const std::map<std::string, double> sums = by_stage(samples_, "metricstream_stage_seconds_sum");
  EXPECT_THAT(counts,
              testing::UnorderedElementsAre(testing::Key("accept"), testing::Key("enqueue"), testing::Key("queue"),
                                            testing::Key("receive"), testing::Key("commit"), testing::Key("reply"),
                                            testing::Key("total")));
  for (const auto& [stage, count] : counts) {
    SCOPED_TRACE(stage);
    EXPECT_GE(count, kWrites);
    EXPECT_LT(count, kWrites + 50);  // the writes, the questions after them, and those for /ready before
    EXPECT_GT(sums.at(stage), 0);
    EXPECT_LT(sums.at(stage) / count, 10);
  }
  EXPECT_EQ(counts.at("commit"), kWrites);
}

}  // namespace
}  // namespace ms::test
