// The main job on real input: a real Prometheus scrapes a real node exporter and itself each second and sends
// everything here, while this server is stopped, killed and restarted, and targets and series come and go. Then the two
// are compared, sample by sample, bit for bit.

#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "support/child_process.h"
#include "support/http_client.h"
#include "support/peers.h"
#include "support/prometheus_process.h"
#include "support/query_client.h"
#include "support/server_process.h"
#include "support/stored_series.h"
#include "support/wait.h"

namespace ms::test {
namespace {

// What a node does not measure by itself: values and labels at the edges of their formats.
constexpr const char* kHandWrittenMetrics =
    "hand_written{case=\"not a number\"} NaN\n"
    "hand_written{case=\"infinite\"} +Inf\n"
    "hand_written{case=\"minus infinite\"} -Inf\n"
    "hand_written{case=\"minus zero\"} -0\n"
    "hand_written{case=\"smallest\"} 5e-324\n"
    "hand_written{case=\"largest\"} 1.7976931348623157e+308\n"
    "hand_written{case=\"not a sum of few powers of two\"} 0.1\n"
    "hand_written{case=\"quote \\\" backslash \\\\ newline \\n and \xc3\xbc\"} 1\n"
    "hand_written_twin 42\n";

// The node exporter, with a folder of hand-written metrics beside what it measures.
class Exporter {
 public:
  testing::AssertionResult start() {
    process_ = std::make_unique<ChildProcess>(Command{.arguments = {
                                                          peer_path(kNodeExporter),
                                                          "--web.listen-address=" + endpoint_.text(),
                                                          "--collector.textfile.directory=" + files_.path(),
                                                      }});
    const bool answers = wait_until(seconds(20), [this] { return get(endpoint_, "/metrics").has_value(); });
    if (answers) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "the node exporter does not start; its log:\n" << process_->errors();
  }
  void stop() { process_.reset(); }

  void write_by_hand() const { write_whole_file(files_.file("hand.prom"), kHandWrittenMetrics); }
  void remove_what_is_hand_written() const { std::filesystem::remove(files_.file("hand.prom")); }
  const Endpoint& endpoint() const { return endpoint_; }

 private:
  TempDir files_;
  Endpoint endpoint_{.host = "127.0.0.1", .port = choose_free_port()};
  std::unique_ptr<ChildProcess> process_;
};

// "1732363200.125"
std::string seconds_text(int64_t ms) {
  char text[32];
  std::snprintf(text, sizeof text, "%lld.%03lld", static_cast<long long>(ms / 1000), static_cast<long long>(ms % 1000));
  return text;
}

class MainJob : public PeerTest {
 protected:
  MainJob() : PeerTest({kPrometheus, kNodeExporter}) {}

  void start_all() {
    exporter_.write_by_hand();
    ASSERT_TRUE(exporter_.start());
    ASSERT_TRUE(server_.start());
    ASSERT_TRUE(prometheus_.start());
    prometheus_.set_targets({{"node", exporter_.endpoint()}, {"prometheus", prometheus_.endpoint()}});
    ASSERT_TRUE(wait_until(seconds(40), [this] { return prometheus_.query_number("sum(up)") == 2; }));
    begin_ms_ = wall_ms();
  }

  // Waits until Prometheus has scraped itself `count` more times, and notes the moment to query it later.
  void let_scrapes_happen(int count) {
    const double goal = scrapes() + count;
    ASSERT_TRUE(wait_until(seconds(10 + 5 * count), [&] { return scrapes() >= goal; }));
    moments_ms_.push_back(wall_ms());
  }

  void restart_after(int signal) {
    server_.signal(signal);
    const std::optional<ExitStatus> exit = server_.wait_exit(seconds(15));
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->code, signal == SIGTERM ? 0 : -1);
    let_scrapes_happen(2);
    ASSERT_TRUE(server_.start());
    let_scrapes_happen(3);
  }

  // Takes the targets away, as a discovery does: their last sample is a staleness marker. Then waits for the end of the
  // sending.
  void drain() {
    prometheus_.set_targets({});
    ASSERT_TRUE(wait_until(seconds(40), [this] { return prometheus_.query_number("count(up)") == 0; }));
    moments_ms_.push_back(wall_ms());
    ASSERT_TRUE(prometheus_.wait_sent(seconds(30)));
  }

  void expect_no_sample_given_up() const {
    for (const char* metric :
         {"prometheus_remote_storage_samples_failed_total", "prometheus_remote_storage_samples_dropped_total",
          "prometheus_remote_storage_metadata_failed_total"}) {
      const std::expected<double, std::string> value = prometheus_.read_metric(metric);
      ASSERT_TRUE(value) << value.error();
      EXPECT_EQ(*value, 0) << metric;
    }
  }

  void expect_same_answer(const std::string& target) const {
    const auto theirs = run_query(prometheus_.endpoint(), target);
    const auto ours = run_query(server_.endpoint(), target);
    ASSERT_TRUE(theirs) << theirs.error();
    ASSERT_TRUE(ours) << ours.error();
    EXPECT_EQ(*ours, *theirs) << target;
  }

  void expect_same_answers() const {
    for (const char* selector : {
             "42",
             "up",
             "hand_written",
             "hand_written[30s]",
             "node_load1[10s]",
             R"(up{job="node"})",
             R"({job="node",__name__=~"node_memory_Mem.*"})",
             R"(node_cpu_seconds_total{mode=~"idle|user",cpu!=""})",
             R"(prometheus_http_requests_total{code!="200"})",
             R"({__name__=~"node_network_.+",device!~"lo|eth.*"})",
             R"({__name__=~"node_.+",no_such_label=""})",
             "no_such_metric",
         }) {
      for (const int64_t moment : moments_ms_) expect_same_answer(instant_target(selector, seconds_text(moment)));
    }
    const std::string begin = seconds_text(begin_ms_);
    const std::string end = seconds_text(moments_ms_.back() + 5000);
    for (const char* selector : {"42", "up", "hand_written", R"(node_cpu_seconds_total{mode="idle"})",
                                 R"({__name__=~"go_gc_duration_seconds.*"})"}) {
      for (const char* step : {"1", "0.7", "7s"}) expect_same_answer(range_target(selector, begin, end, step));
    }
  }

  double scrapes() const { return prometheus_.query_number(R"(count_over_time(up{job="prometheus"}[10m]))"); }

  Exporter exporter_;
  ServerProcess server_{{.listen = {"127.0.0.1:" + std::to_string(choose_free_port())}}};
  // The receiver's address is taken from the options: it stays the same over all restarts.
  PrometheusProcess prometheus_{*parse_endpoint(server_.options().listen.front())};
  int64_t begin_ms_ = 0;
  std::vector<int64_t> moments_ms_;
};

TEST_F(MainJob, HoldsExactlyWhatPrometheusHoldsAfterStopsAndKills) {
  ASSERT_NO_FATAL_FAILURE(start_all());
  ASSERT_NO_FATAL_FAILURE(let_scrapes_happen(4));
  ASSERT_NO_FATAL_FAILURE(restart_after(SIGTERM));
  // Series that vanish from a page, then a target that vanishes, each end in staleness markers; both come back.
  exporter_.remove_what_is_hand_written();
  ASSERT_NO_FATAL_FAILURE(let_scrapes_happen(2));
  exporter_.stop();
  ASSERT_NO_FATAL_FAILURE(let_scrapes_happen(3));
  exporter_.write_by_hand();
  ASSERT_TRUE(exporter_.start());
  ASSERT_NO_FATAL_FAILURE(let_scrapes_happen(3));
  ASSERT_NO_FATAL_FAILURE(restart_after(SIGKILL));
  exporter_.stop();
  ASSERT_NO_FATAL_FAILURE(let_scrapes_happen(2));
  ASSERT_NO_FATAL_FAILURE(restart_after(SIGKILL));
  ASSERT_NO_FATAL_FAILURE(drain());

  expect_no_sample_given_up();
  expect_same_answers();
  const std::expected<SeriesMap, std::string> theirs = prometheus_.read_everything();
  ASSERT_TRUE(theirs) << theirs.error();
  server_.signal(SIGTERM);
  ASSERT_TRUE(server_.wait_exit(seconds(15)));
  const std::expected<SeriesMap, std::string> ours = read_store(server_.data_dir());
  ASSERT_TRUE(ours) << ours.error();

  std::printf("%zu series, %zu samples, %zu staleness markers\n", theirs->size(), count_samples(*theirs),
              count_stale(*theirs));
  EXPECT_GT(theirs->size(), 500u);
  EXPECT_GT(count_samples(*theirs), 5'000u);
  EXPECT_GT(count_stale(*theirs), theirs->size());  // each ends in one, those of the node in two and more
  EXPECT_TRUE(same_samples(*theirs, *ours));
}

}  // namespace
}  // namespace ms::test
