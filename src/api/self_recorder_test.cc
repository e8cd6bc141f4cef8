#include "api/self_recorder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "model/labels.h"
#include "net/descriptors.h"
#include "wire/text_exposition.h"

namespace ms::api {
namespace {

constexpr int64_t kNowMs = 1732363200123;

// A store that keeps what is written to it, from whatever thread, and finishes a write when the test says so.
class WatchedStore final : public storage::Store {
 public:
  void write(model::WriteBatch batch, storage::WriteCallback on_done) override {
    const MutexLock lock(mutex_);
    batches_.push_back(std::move(batch));
    held_.push_back(std::move(on_done));
  }

  // Waits for `count` writes since the start; finishes none of them.
  model::WriteBatch wait_for(size_t count) {
    while (true) {
      {
        const MutexLock lock(mutex_);
        if (batches_.size() >= count) return batches_[count - 1];
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  size_t writes() {
    const MutexLock lock(mutex_);
    return batches_.size();
  }
  void finish(storage::WriteOutcome outcome) {
    std::vector<storage::WriteCallback> held;
    {
      const MutexLock lock(mutex_);
      held.swap(held_);
    }
    for (auto& on_done : held) on_done(outcome);
  }

  Result<std::vector<storage::SeriesSamples>> select(std::span<const model::Matcher>, int64_t, int64_t,
                                                     uint64_t) const override {
    return std::vector<storage::SeriesSamples>();
  }
  std::vector<model::Metadata> metadata() const override { return {}; }
  void set_limits(const storage::StoreLimits&) override {}
  void close() override {}
  Health health() const override {
    return {.accepts_writes = !is_red, .reason = is_red ? "full" : "", .damaged_places = 0};
  }
  Stats stats() const override {
    Stats stats;
    stats.memory_bytes = memory_bytes;
    stats.memory_bytes_max = memory_bytes_max;
    return stats;
  }

  std::atomic<bool> is_red = false;
  std::atomic<uint64_t> memory_bytes = 900;
  std::atomic<uint64_t> memory_bytes_max = 1000;

 private:
  Mutex mutex_;
  std::vector<model::WriteBatch> batches_ MS_GUARDED_BY(mutex_);
  std::vector<storage::WriteCallback> held_ MS_GUARDED_BY(mutex_);
};

class SelfRecorderTest : public testing::Test {
 protected:
  SelfRecorderTest() {
    auto opened = net::FrontDoor::open({.addresses = {"127.0.0.1:0"},
                                        .backlog = 16,
                                        .workers = 1,
                                        .descriptors_max = net::raise_descriptor_limit().value_or(1024),
                                        .refuser_share = 1,
                                        .connections_max = 77,
                                        .queue_max = 33});
    front_door_ = std::move(*opened);
    EXPECT_TRUE(front_door_->start(service_, policy_).has_value());
    metrics_ = std::make_unique<SelfMetrics>(*front_door_, service_, store_, queries_, heavy_, counters_, stream_,
                                             "1.2.3", 1732363200.5);
  }

  void start(int64_t interval_ms) {
    recorder_ = std::make_unique<SelfRecorder>(*metrics_, store_, counters_, [] { return kNowMs; }, interval_ms);
  }
  // Waits until so many records have become what `counter` counts.
  static void wait_until(const std::atomic<uint64_t>& counter, uint64_t count) {
    while (counter < count) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  const QueuePolicy policy_;
  const http::Router router_;
  http::HttpService service_{http::Limits{}, router_};
  std::unique_ptr<net::FrontDoor> front_door_;
  WatchedStore store_;
  WorkPool queries_{{.name = "query"}};
  WorkPool heavy_{{.name = "heavy"}};
  SelfRecordCounters counters_;
  StateStream stream_{[] { return std::string("{}"); }};
  std::unique_ptr<SelfMetrics> metrics_;
  std::unique_ptr<SelfRecorder> recorder_;
};

// The lines of /metrics that a batch stands for: `name{a="b"} value`, without the labels that a record adds.
std::set<std::string> lines_of(const model::WriteBatch& batch) {
  wire::TextExposition text;
  for (size_t i = 0; i < batch.series.size(); ++i) {
    const std::string label_bytes = *batch.decode_labels(batch.raw_labels(batch.series[i]));
    EXPECT_EQ(model::find_label(label_bytes, "job"), "metricstream");
    EXPECT_EQ(model::find_label(label_bytes, "instance"), "self");
    std::vector<model::Label> labels;
    model::LabelReader reader(label_bytes);
    while (const auto label = reader.next()) {
      if (label->name != "job" && label->name != "instance" && label->name != model::kMetricName)
        labels.push_back(*label);
    }
    // On the page `le` stands last.
    std::ranges::stable_partition(labels, [](const model::Label& label) { return label.name != "le"; });
    text.metric(model::find_label(label_bytes, model::kMetricName), model::MetricType::kUnknown, "");
    text.sample(batch.values[i], labels);
  }
  std::set<std::string> lines;
  std::istringstream page(std::move(text).take());
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with('#')) continue;
    EXPECT_TRUE(lines.insert(line).second) << line << " twice";
  }
  return lines;
}

std::set<std::string> metrics_of(const std::set<std::string>& lines) {
  std::set<std::string> names;
  for (const std::string& line : lines) names.insert(line.substr(0, line.find_first_of("{ ")));
  return names;
}

TEST_F(SelfRecorderTest, ARecordIsTheFrontDoorsPartOfThePage) {
  start(60'000);
  const model::WriteBatch batch = store_.wait_for(1);
  const std::set<std::string> recorded = lines_of(batch);
  EXPECT_EQ(metrics_of(recorded),
            (std::set<std::string>{
                "metricstream_accepted_connections_total", "metricstream_served_connections_total",
                "metricstream_listen_queue_depth", "metricstream_listen_queue_limit", "metricstream_listen_drops_total",
                "metricstream_listen_queue_depth_found_total", "metricstream_listen_queue_depth_samples_total",
                "metricstream_connection_queue_length", "metricstream_connection_queue_age_seconds",
                "metricstream_open_connections", "metricstream_refused_connections_total",
                "metricstream_requests_total", "metricstream_stage_seconds_bucket", "metricstream_stage_seconds_sum",
                "metricstream_stage_seconds_count", "process_start_time_seconds"}));
  std::set<std::string> page;
  std::istringstream text(metrics_->write_text());
  for (std::string line; std::getline(text, line);) page.insert(line);
  for (const std::string& line : recorded) EXPECT_TRUE(page.contains(line)) << line;
  for (const int64_t timestamp_ms : batch.timestamps_ms) EXPECT_EQ(timestamp_ms, kNowMs);
  EXPECT_EQ(batch.metadata.size(), 14u);
  store_.finish({});
}

TEST_F(SelfRecorderTest, RecordsEachInterval) {
  start(100);
  for (size_t count = 1; count <= 3; ++count) {
    store_.wait_for(count);
    store_.finish({});
    wait_until(counters_.written, count);
  }
}

TEST_F(SelfRecorderTest, WhileAWriteIsInHandFurtherRecordsAreDropped) {
  start(100);
  store_.wait_for(1);
  wait_until(counters_.failed, 2);
  EXPECT_EQ(store_.writes(), 1u);
  store_.finish({});
  store_.wait_for(2);
  store_.finish({});
  wait_until(counters_.written, 2);
}

TEST_F(SelfRecorderTest, WhatTheStoreRefusesIsDroppedAndCounted) {
  start(100);
  store_.wait_for(1);
  store_.finish({.error = Error{ErrorCode::kUnavailable, "too late"}, .rejections = {}});
  wait_until(counters_.failed, 1);
  store_.wait_for(2);
  storage::WriteOutcome beyond_the_limit;
  beyond_the_limit.rejections.add(0, 1, "the limit of series is reached");
  store_.finish(beyond_the_limit);
  wait_until(counters_.failed, 2);
  EXPECT_EQ(counters_.written, 0u);
}

TEST_F(SelfRecorderTest, WhileTheStoreIsRedNothingIsWritten) {
  store_.is_red = true;
  start(100);
  wait_until(counters_.failed, 2);
  EXPECT_EQ(store_.writes(), 0u);
  store_.is_red = false;
  store_.wait_for(1);
  store_.finish({});
}

TEST_F(SelfRecorderTest, TheLastTenthOfTheMemoryIsNotForRecords) {
  store_.memory_bytes = 901;
  start(100);
  wait_until(counters_.failed, 2);
  EXPECT_EQ(store_.writes(), 0u);
  store_.memory_bytes = 900;
  store_.wait_for(1);
  store_.finish({});
}

TEST_F(SelfRecorderTest, WithoutALimitThereIsRoom) {
  store_.memory_bytes_max = 0;
  start(100);
  store_.wait_for(1);
  store_.finish({});
}

// Another recorder's third record says that its time would have come.
TEST_F(SelfRecorderTest, AnIntervalOf0WritesNothingUntilItIsChanged) {
  start(0);
  {
    WatchedStore other;
    SelfRecordCounters counters;
    const SelfRecorder clock(*metrics_, other, counters, [] { return kNowMs; }, 100);
    for (size_t count = 1; count <= 3; ++count) {
      other.wait_for(count);
      other.finish({});
    }
    wait_until(counters.written, 3);
  }
  EXPECT_EQ(store_.writes(), 0u);
  recorder_->set_interval_ms(100);
  store_.wait_for(1);
  store_.finish({});
}

TEST_F(SelfRecorderTest, ItsEndWaitsForTheRecordInHand) {
  start(60'000);
  store_.wait_for(1);
  std::thread later([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    store_.finish({});
  });
  recorder_.reset();
  EXPECT_EQ(counters_.written, 1u);
  later.join();
}

}  // namespace
}  // namespace ms::api
