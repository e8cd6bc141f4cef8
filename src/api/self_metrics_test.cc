#include "api/self_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <variant>

#include "api/reply_testing.h"
#include "api/scripted_store_testing.h"
#include "net/descriptors.h"

namespace ms::api {
namespace {

using testing::HasSubstr;

// The page of a front door that has just opened, over a store whose figures are set.
class SelfMetricsTest : public testing::Test {
 protected:
  SelfMetricsTest() {
    auto opened = net::FrontDoor::open({.addresses = {"127.0.0.1:0", "127.0.0.1:0"},
                                        .backlog = 16,
                                        .workers = 1,
                                        .descriptors_max = net::raise_descriptor_limit().value_or(1024),
                                        .refuser_share = 1,
                                        .connections_max = 77,
                                        .queue_max = 33});
    front_door_ = std::move(*opened);
    EXPECT_TRUE(front_door_->start(service_, policy_).has_value());
    store_.current_stats = {.series = 5,
                            .series_max = 9,
                            .series_rejected = 4,
                            .samples_rejected = 8,
                            .samples_appended = 1'000'000,
                            .commits = 3,
                            .syncs = 2,
                            .sync_ns = 2'500'000};
    records_.written = 6;
    records_.failed = 2;
    service_.count_response(204);
    service_.count_response(204);
    service_.count_response(400);
    metrics_ = std::make_unique<SelfMetrics>(*front_door_, service_, store_, queries_, heavy_, records_, stream_,
                                             "1.2.3", 1732363200.5);
  }

  const QueuePolicy policy_;
  const http::Router router_;
  http::HttpService service_{http::Limits{.bodies_bytes_max = 12345}, router_};
  std::unique_ptr<net::FrontDoor> front_door_;
  ScriptedStore store_;
  WorkPool queries_{{.name = "query"}};
  WorkPool heavy_{{.name = "heavy"}};
  SelfRecordCounters records_;
  StateStream stream_{[] { return std::string("{}"); }};
  std::unique_ptr<SelfMetrics> metrics_;
};

TEST_F(SelfMetricsTest, HasTheNamesThatDashboardsUse) {
  const std::string page = metrics_->write_text();
  for (const char* line : {
           "# TYPE metricstream_time_seconds gauge",
           "# TYPE metricstream_store_write_queue_limit_bytes gauge",
           "# TYPE metricstream_disk_free_min_bytes gauge",
           "# TYPE metricstream_build_info gauge",
           "# TYPE metricstream_listen_queue_depth gauge",
           "# TYPE metricstream_listen_queue_limit gauge",
           "# TYPE metricstream_listen_drops_total counter",
           "# TYPE metricstream_netns_listen_overflows_total counter",
           "# TYPE metricstream_netns_listen_drops_total counter",
           "# TYPE metricstream_accepted_connections_total counter",
           "# TYPE metricstream_connection_queue_length gauge",
           "# TYPE metricstream_connection_queue_age_seconds gauge",
           "# TYPE metricstream_connection_queue_target_seconds gauge",
           "# TYPE metricstream_connection_queue_deadline_seconds gauge",
           "# TYPE metricstream_overloaded gauge",
           "# TYPE metricstream_overloads_total counter",
           "# TYPE metricstream_listen_queue_wait_at_least_seconds summary",
           "# TYPE metricstream_listen_queue_wait_at_most_seconds summary",
           "# TYPE metricstream_open_connections gauge",
           "# TYPE metricstream_refused_connections_total counter",
           "# TYPE metricstream_stage_seconds histogram",
           "# TYPE metricstream_http_responses_total counter",
           "# TYPE metricstream_store_accepts_writes gauge",
           "# TYPE metricstream_wal_syncs_total counter",
           "# TYPE metricstream_queries_refused_total counter",
           "# TYPE metricstream_heavy_queue_length gauge",
           "# TYPE metricstream_heavy_refused_total counter",
           "# TYPE metricstream_front_door_stream_subscribers gauge",
           "# TYPE metricstream_front_door_stream_refused_total counter",
           "# TYPE metricstream_front_door_stream_states_sent_total counter",
           "# TYPE metricstream_front_door_stream_states_skipped_total counter",
           "# TYPE metricstream_body_bytes gauge",
           "# TYPE metricstream_bodies_refused_total counter",
           "# TYPE process_cpu_seconds_total counter",
           "# TYPE process_start_time_seconds gauge",
       }) {
    EXPECT_THAT(page, HasSubstr(std::string(line) + "\n"));
  }
}

TEST_F(SelfMetricsTest, TellsTheFigures) {
  const std::string page = metrics_->write_text();
  const std::string address = front_door_->listeners().front().address();
  for (const std::string& line : {
           std::string("metricstream_build_info{version=\"1.2.3\"} 1"),
           "metricstream_listen_queue_limit{listen=\"" + address + "\"} 16",
           std::string("metricstream_connections_limit 77"),
           std::string("metricstream_body_bytes_limit 12345"),
           std::string("metricstream_heavy_refused_total{reason=\"queue_age\"} 0"),
           std::string("metricstream_front_door_stream_subscribers_limit 64"),
           std::string("metricstream_connection_queue_limit 33"),
           std::string("metricstream_connection_queue_target_seconds 0.05"),
           std::string("metricstream_connection_queue_deadline_seconds 1"),
           std::string("metricstream_overloaded 0"),
           std::string("metricstream_listen_queue_wait_at_most_seconds{quantile=\"0.99\"} 0"),
           std::string("metricstream_refused_connections_total{reason=\"descriptors\"} 0"),
           std::string("metricstream_http_responses_total{code=\"204\"} 2"),
           std::string("metricstream_http_responses_total{code=\"400\"} 1"),
           std::string("metricstream_store_accepts_writes 1"),
           std::string("metricstream_store_series 5"),
           std::string("metricstream_store_series_limit 9"),
           std::string("metricstream_store_series_rejected_total 4"),
           std::string("metricstream_store_samples_rejected_total 8"),
           std::string("metricstream_wal_commits_total 3"),
           std::string("metricstream_self_records_total 6"),
           std::string("metricstream_self_records_failed_total 2"),
           std::string("metricstream_wal_sync_seconds_total 0.0025"),
           std::string("process_start_time_seconds 1.7323632005e+09"),
       }) {
    EXPECT_THAT(page, HasSubstr("\n" + line + "\n"));
  }
}

TEST_F(SelfMetricsTest, EveryStageHasItsHistogram) {
  const std::string page = metrics_->write_text();
  for (const char* stage : {"accept", "enqueue", "queue", "receive", "commit", "reply", "total"}) {
    const std::string labels = "{stage=\"" + std::string(stage) + "\"";
    EXPECT_THAT(page, HasSubstr("metricstream_stage_seconds_bucket" + labels + ",le=\"1e-06\"} 0\n"));
    EXPECT_THAT(page, HasSubstr("metricstream_stage_seconds_bucket" + labels + ",le=\"+Inf\"} 0\n"));
    EXPECT_THAT(page, HasSubstr("metricstream_stage_seconds_count" + labels + "} 0\n"));
  }
}

// As promtool wants it: each family once, with help and type before its samples; no sample twice.
TEST_F(SelfMetricsTest, IsWellFormed) {
  std::istringstream page(metrics_->write_text());
  std::set<std::string> families;
  std::set<std::string> samples;
  std::string family;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("# HELP ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_TRUE(families.insert(family).second) << family << " twice";
      EXPECT_NE(line.substr(7 + family.size()), " ") << family << " has no help";
    } else if (!line.starts_with("# TYPE " + family + " ")) {
      EXPECT_TRUE(line.starts_with(family)) << line << " under " << family;
      EXPECT_TRUE(samples.insert(line.substr(0, line.rfind(' '))).second) << line << " twice";
    }
  }
  EXPECT_GT(families.size(), 40u);
}

TEST_F(SelfMetricsTest, IsServedAsPrometheusText) {
  http::Router router;
  metrics_->add_routes(router);
  http::Request request{.method = "GET", .path = "/metrics"};
  Reply reply;
  std::get<const http::Route*>(router.find(request))->handler(request, reply.responder());
  const http::Response response = reply.take();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(response.body, HasSubstr("metricstream_build_info"));
}

}  // namespace
}  // namespace ms::api
