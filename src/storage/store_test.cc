#include "storage/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "model/staleness.h"
#include "storage/store_testing.h"

namespace ms::storage {
namespace {

using model::MatchOp;
using testing::HasSubstr;

constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();

TEST(StoreTest, GivesBackWhatWasWritten) {
  ForgetfulFileSystem disk;
  const auto store = open_store(disk);
  const WriteOutcome outcome = write_one(*store, "a", 1000, 1.5);
  EXPECT_FALSE(outcome.error);
  EXPECT_EQ(outcome.samples_accepted, 1u);
  EXPECT_GT(outcome.done_ns, 0u);
  EXPECT_EQ(read_one(*store, "a", 1000), 1.5);
}

TEST(StoreTest, TheLastWriteWinsAlsoAfterARestart) {
  ForgetfulFileSystem disk;
  auto store = open_store(disk);
  write_one(*store, "a", 1000, 1);
  write_one(*store, "a", 2000, 2);
  write_one(*store, "a", 1000, 3);
  write_one(*store, "a", 2000, 4);
  const std::string labels = series_labels("a");
  write_and_wait(*store, BatchBuilder().add(labels, 1500, 5).add(labels, 1500, 6).build());
  const Contents before = read_all(*store);
  EXPECT_EQ(read_one(*store, "a", 1000), 3);
  EXPECT_EQ(read_one(*store, "a", 2000), 4);
  EXPECT_EQ(read_one(*store, "a", 1500), 6);
  store.reset();
  store = open_store(disk);
  EXPECT_EQ(read_all(*store), before);
}

class StoreModelTest : public testing::TestWithParam<uint64_t> {};

TEST_P(StoreModelTest, RandomWritesAgreeWithAMapAlsoAfterRestarts) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  std::mt19937_64 random(GetParam());
  ForgetfulFileSystem disk;
  Contents model;
  auto store = open_store(disk);
  for (int round = 0; round < 60; ++round) {
    BatchBuilder builder;
    for (uint64_t i = random() % 400; i > 0; --i) {
      const std::string labels = series_labels(std::to_string(random() % 8));
      const auto timestamp_ms = static_cast<int64_t>(random() % 500) - 250;
      const double value = std::bit_cast<double>(random());
      builder.add(labels, timestamp_ms, value);
      model[labels][timestamp_ms] = std::bit_cast<uint64_t>(value);
    }
    ASSERT_FALSE(write_and_wait(*store, builder.build()).error);
    if (round % 20 != 19) continue;
    EXPECT_EQ(read_all(*store), model);
    store.reset();
    store = open_store(disk);
    EXPECT_EQ(read_all(*store), model) << "after a restart";
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, StoreModelTest, testing::Range<uint64_t>(1, 5));

TEST(StoreTest, KeepsTheBitsOfEveryNaNAndEveryTimestamp) {
  const std::vector<uint64_t> values{model::kStaleMarkerBits, 0x7ff8000000000001, 0xfff0000000000000,
                                     0x8000000000000000, 1};
  const std::vector<int64_t> timestamps_ms{kMsMin, -1, 0, 1, kMsMax};
  ForgetfulFileSystem disk;
  Contents expected;
  BatchBuilder builder;
  for (size_t i = 0; i < values.size(); ++i) {
    builder.add(series_labels("a"), timestamps_ms[i], std::bit_cast<double>(values[i]));
    expected[series_labels("a")][timestamps_ms[i]] = values[i];
  }
  auto store = open_store(disk);
  write_and_wait(*store, builder.build());
  EXPECT_EQ(read_all(*store), expected);
  store.reset();
  store = open_store(disk);
  EXPECT_EQ(read_all(*store), expected);
}

TEST(StoreTest, SelectsByEveryKindOfMatcher) {
  ForgetfulFileSystem disk;
  const auto store = open_store(disk);
  const auto cpu = [](std::string_view host, std::string_view zone) {
    return labels_of({{model::kMetricName, "cpu"}, {"host", host}, {"zone", zone}});
  };
  write_and_wait(*store, BatchBuilder()
                             .add(cpu("a1", "x"), 1, 1)
                             .add(cpu("a2", "y"), 1, 1)
                             .add(cpu("b1", ""), 1, 1)
                             .add(labels_of({{model::kMetricName, "up"}}), 1, 1)
                             .build());
  struct Case {
    const char* name;
    std::vector<model::Matcher> matchers;
    std::vector<std::string> hosts;
  };
  const model::Matcher is_cpu = matcher("__name__", MatchOp::kEqual, "cpu");
  const std::vector<Case> cases{
      {"equal", {is_cpu, matcher("host", MatchOp::kEqual, "a1")}, {"a1"}},
      {"not equal", {is_cpu, matcher("host", MatchOp::kNotEqual, "a1")}, {"a2", "b1"}},
      {"regex", {is_cpu, matcher("host", MatchOp::kRegex, "a.*")}, {"a1", "a2"}},
      {"regex is anchored", {is_cpu, matcher("host", MatchOp::kRegex, "a")}, {}},
      {"not regex", {is_cpu, matcher("host", MatchOp::kNotRegex, "a.*")}, {"b1"}},
      {"absent label", {is_cpu, matcher("zone", MatchOp::kEqual, "")}, {"b1"}},
      {"present label", {is_cpu, matcher("zone", MatchOp::kNotEqual, "")}, {"a1", "a2"}},
      {"absent or x", {is_cpu, matcher("zone", MatchOp::kRegex, "|x")}, {"a1", "b1"}},
      {"two labels", {matcher("zone", MatchOp::kEqual, "y"), matcher("host", MatchOp::kRegex, ".*2")}, {"a2"}},
      {"a value that nobody has", {is_cpu, matcher("host", MatchOp::kEqual, "c")}, {}},
      {"a name that nobody has", {matcher("rack", MatchOp::kEqual, "1")}, {}},
      {"only what absence matches", {matcher("rack", MatchOp::kEqual, "")}, {"", "a1", "a2", "b1"}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const auto selected = store->select(c.matchers, 0, 10, kNoLimit);
    ASSERT_TRUE(selected);
    std::vector<std::string> hosts;
    for (const SeriesSamples& series : *selected) hosts.emplace_back(model::find_label(series.label_bytes, "host"));
    std::ranges::sort(hosts);
    EXPECT_EQ(hosts, c.hosts);
  }
}

TEST(StoreTest, SelectsTheSamplesInRangeBothEndsIncluded) {
  ForgetfulFileSystem disk;
  const auto store = open_store(disk);
  for (const int64_t timestamp_ms : {10, 20, 30, 15}) write_one(*store, "a", timestamp_ms, 1);
  write_one(*store, "b", 100, 1);
  const std::vector<model::Matcher> all{matcher("__name__", MatchOp::kEqual, "test_metric")};
  const auto selected = store->select(all, 15, 20, kNoLimit);
  ASSERT_TRUE(selected);
  ASSERT_EQ(selected->size(), 1u) << "a series without samples there is left out";
  EXPECT_THAT((*selected)[0].timestamps_ms, testing::ElementsAre(15, 20));
}

TEST(StoreTest, ASelectionLargerThanAllowedIsRefused) {
  ForgetfulFileSystem disk;
  const auto store = open_store(disk);
  for (int64_t i = 0; i < 10; ++i) write_one(*store, std::to_string(i % 2), i, 1);
  const std::vector<model::Matcher> all{matcher("__name__", MatchOp::kEqual, "test_metric")};
  EXPECT_TRUE(store->select(all, kMsMin, kMsMax, 10));
  const auto refused = store->select(all, kMsMin, kMsMax, 9);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kTooLarge);
}

TEST(StoreTest, MetadataOutlivesARestartAndTheLastWordCounts) {
  ForgetfulFileSystem disk;
  auto store = open_store(disk);
  const model::Metadata first{"requests", model::MetricType::kGauge, "Requests.", ""};
  const model::Metadata last{"requests", model::MetricType::kCounter, "Requests served.", "1"};
  EXPECT_FALSE(write_and_wait(*store, BatchBuilder().add(first).build()).error);
  EXPECT_FALSE(write_and_wait(*store, BatchBuilder().add(last).build()).error);
  EXPECT_THAT(store->metadata(), testing::ElementsAre(last));
  store.reset();
  store = open_store(disk);
  EXPECT_THAT(store->metadata(), testing::ElementsAre(last));
}

TEST(StoreTest, ASeriesWhoseLabelsAreRefusedLeavesTheOthersStanding) {
  ForgetfulFileSystem disk;
  const auto store = open_store(disk);
  model::WriteBatch batch =
      BatchBuilder().add(series_labels("a"), 1, 1).add("bad", 1, 1).add(series_labels("b"), 1, 1).build();
  batch.decode_labels = [](std::string_view raw) -> Result<std::string> {
    if (raw == "bad") return fail(ErrorCode::kInvalid, "these labels are bad");
    return std::string(raw);
  };
  const WriteOutcome outcome = write_and_wait(*store, std::move(batch));
  EXPECT_FALSE(outcome.error);
  EXPECT_EQ(outcome.samples_accepted, 2u);
  EXPECT_EQ(outcome.rejections.samples, 1u);
  ASSERT_EQ(outcome.rejections.told.size(), 1u);
  EXPECT_EQ(outcome.rejections.told[0].index, 1u);
  EXPECT_EQ(outcome.rejections.told[0].reason, "these labels are bad");
  EXPECT_EQ(read_all(*store).size(), 2u);
}

TEST(StoreTest, BeyondTheLimitNewSeriesAreRejectedAndKnownOnesGoOn) {
  ForgetfulFileSystem disk;
  StoreOptions options = test_options();
  options.limits.series_max = 2;
  const auto store = open_store(disk, options);
  write_one(*store, "a", 1, 1);
  const WriteOutcome outcome = write_and_wait(*store, BatchBuilder()
                                                          .add(series_labels("b"), 1, 1)
                                                          .add(series_labels("c"), 1, 1)
                                                          .add(series_labels("a"), 2, 2)
                                                          .add(series_labels("d"), 1, 1)
                                                          .build());
  EXPECT_FALSE(outcome.error);
  EXPECT_EQ(outcome.samples_accepted, 2u);
  EXPECT_EQ(outcome.rejections.count, 2u);
  EXPECT_EQ(outcome.rejections.samples, 2u);
  ASSERT_EQ(outcome.rejections.told.size(), 2u);
  EXPECT_EQ(outcome.rejections.told[0].index, 1u);
  EXPECT_EQ(outcome.rejections.told[1].index, 3u);
  EXPECT_THAT(outcome.rejections.told[0].reason, HasSubstr("the limit of 2 series (--max-series) is reached"));
  EXPECT_EQ(write_one(*store, "c", 2, 2).samples_accepted, 0u);
  EXPECT_EQ(read_all(*store).size(), 2u);
  EXPECT_EQ(read_one(*store, "a", 2), 2);
  const Store::Stats stats = store->stats();
  EXPECT_EQ(stats.series, 2u);
  EXPECT_EQ(stats.series_max, 2u);
  EXPECT_EQ(stats.series_rejected, 3u);
  EXPECT_EQ(stats.samples_rejected, 3u);
}

TEST(StoreTest, ARestartKeepsAllSeriesOfTheLogHoweverManyAreAllowedNow) {
  ForgetfulFileSystem disk;
  auto store = open_store(disk);
  for (const char* series : {"a", "b", "c"}) write_one(*store, series, 1, 1);
  const Contents before = read_all(*store);
  store.reset();
  StoreOptions options = test_options();
  options.limits.series_max = 1;
  store = open_store(disk, options);
  EXPECT_EQ(read_all(*store), before);
  EXPECT_EQ(write_one(*store, "c", 2, 2).samples_accepted, 1u);
  EXPECT_EQ(write_one(*store, "d", 2, 2).rejections.count, 1u);
  EXPECT_EQ(store->stats().series, 3u);
}

TEST(StoreTest, AWriteOfNothingIsDoneAtOnce) {
  ForgetfulFileSystem disk;
  const auto store = open_store(disk);
  const uint64_t operations = disk.operations();
  const WriteOutcome outcome = write_and_wait(*store, BatchBuilder().build());
  EXPECT_FALSE(outcome.error);
  EXPECT_EQ(outcome.samples_accepted, 0u);
  EXPECT_LE(disk.operations(), operations + 6) << "no more than the segment that is being prepared";
}

TEST(StoreTest, GoesOnOverManySegmentsAndRestarts) {
  ForgetfulFileSystem disk;
  auto store = open_store(disk);
  Contents expected;
  for (int64_t round = 0; round < 40; ++round) {
    BatchBuilder builder;
    for (int64_t i = 0; i < 3000; ++i) {
      const std::string labels = series_labels(std::to_string(i % 100));
      const double value = static_cast<double>(round * 3000 + i) / 3;
      builder.add(labels, round * 3000 + i, value);
      expected[labels][round * 3000 + i] = std::bit_cast<uint64_t>(value);
    }
    ASSERT_FALSE(write_and_wait(*store, builder.build()).error);
    if (round % 10 == 9) {
      store.reset();
      store = open_store(disk);
    }
  }
  ASSERT_TRUE(eventually([&] { return disk.content("/data/wal/prepare.tmp").empty(); }));
  EXPECT_EQ(store->stats().log_segments, disk.list("/data/wal")->size() - 1) << "one is prepared ahead";
  EXPECT_GT(disk.list("/data/wal")->size(), 5u);
  EXPECT_GT(disk.cached_drops(), 0u) << "full segments give their pages back";
  EXPECT_EQ(read_all(*store), expected);
  EXPECT_EQ(store->health().damaged_places, 0u);
}

TEST(StoreTest, TakesWritesLargerThanACommit) {
  const std::string padding(3000, 'x');
  BatchBuilder many_samples;
  BatchBuilder large_labels;
  for (int64_t i = 0; i < 100'000; ++i) many_samples.add(series_labels(std::to_string(i % 1000)), i, 0.5);
  for (int64_t i = 0; i < 3000; ++i) {
    large_labels.add(labels_of({{model::kMetricName, "wide"}, {"n", std::to_string(i)}, {"x", padding}}), i, 0.5);
  }
  ForgetfulFileSystem disk;
  auto store = open_store(disk);
  EXPECT_EQ(write_and_wait(*store, many_samples.build()).samples_accepted, 100'000u);
  EXPECT_EQ(write_and_wait(*store, large_labels.build()).samples_accepted, 3000u);
  model::Metadata large{"m", model::MetricType::kGauge, std::string(2 * kTestSegmentBytes, 'h'), ""};
  EXPECT_FALSE(write_and_wait(*store, BatchBuilder().add(large).build()).error);
  large.clip();
  write_one(*store, "after", 1, 1);
  EXPECT_LT(disk.content(test_segment_path(1)).size(), kTestSegmentBytes + 1);
  const Contents before = read_all(*store);
  EXPECT_EQ(before.size(), 4001u);
  store.reset();
  store = open_store(disk);
  EXPECT_EQ(read_all(*store), before);
  EXPECT_THAT(store->metadata(), testing::ElementsAre(large));
  EXPECT_EQ(store->health().damaged_places, 0u);
}

TEST(StoreTest, TheMemoryLimitRefusesWritesAndNotReads) {
  ForgetfulFileSystem disk;
  {
    write_one(*open_store(disk), "a", 1, 1);
  }
  StoreOptions options = test_options();
  options.limits.memory_bytes_max = 1;
  const auto store = open_store(disk, options);
  ASSERT_TRUE(eventually([&] { return !store->health().accepts_writes; }));
  EXPECT_THAT(store->health().reason, HasSubstr("memory limit reached"));
  const WriteOutcome outcome = write_one(*store, "a", 2, 2);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::kUnavailable);
  EXPECT_THAT(outcome.error->message, HasSubstr("memory limit reached"));
  EXPECT_EQ(store->stats().writes_refused, 1u);
  EXPECT_EQ(read_one(*store, "a", 1), 1);
}

TEST(StoreTest, TooLittleFreeDiskRefusesWritesUntilThereIsMore) {
  ForgetfulFileSystem disk;
  StoreOptions options = test_options();
  options.limits.disk_free_bytes_min = 100u << 20;
  const auto store = open_store(disk, options);
  EXPECT_FALSE(write_one(*store, "a", 1, 1).error);
  disk.set_free_bytes(99u << 20);
  ASSERT_TRUE(eventually([&] { return !store->health().accepts_writes; }));
  const WriteOutcome outcome = write_one(*store, "a", 2, 2);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::kUnavailable);
  EXPECT_THAT(outcome.error->message, HasSubstr("disk nearly full: 99 MiB free"));
  EXPECT_EQ(read_one(*store, "a", 1), 1);
  disk.set_free_bytes(100u << 20);
  ASSERT_TRUE(eventually([&] { return store->health().accepts_writes; }));
  EXPECT_FALSE(write_one(*store, "a", 2, 2).error);
}

TEST(StoreTest, ASecondOpenerIsToldWhoHoldsTheLock) {
  std::string pattern = (std::filesystem::temp_directory_path() / "ms-store-XXXXXX").string();
  const std::string directory = mkdtemp(pattern.data());
  const auto files = make_posix_file_system();
  StoreOptions options = test_options();
  options.directory = directory + "/store";
  auto first = open_store(*files, options);
  write_one(*first, "a", 1, 1);
  const auto second = Store::open(options, patient(), *files, quiet_log());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kLocked);
  EXPECT_THAT(second.error().message, HasSubstr("process " + std::to_string(getpid())));
  first.reset();
  first = open_store(*files, options);
  EXPECT_EQ(read_one(*first, "a", 1), 1);
  first.reset();
  std::filesystem::remove_all(directory);
}

TEST(StoreTest, ASecondOpenerWaitsForTheLock) {
  ForgetfulFileSystem disk;
  auto first = open_store(disk);
  StoreOptions options = test_options();
  options.lock_timeout_ms = 10'000;
  std::atomic<bool> is_open = false;
  std::thread second([&] {
    const auto store = open_store(disk, options);
    is_open = true;
  });
  EXPECT_FALSE(is_open);
  first.reset();
  second.join();
  EXPECT_TRUE(is_open);
}

TEST(StoreTest, WritersAndReadersWorkAtOnce) {
  constexpr int kThreads = 3;
  constexpr int64_t kWrites = 150;
  ForgetfulFileSystem disk;
  const auto store = open_store(disk);
  std::atomic<bool> is_over = false;
  std::atomic<uint64_t> accepted = 0;
  std::vector<std::thread> writers;
  for (int thread = 0; thread < kThreads; ++thread) {
    writers.emplace_back([&, thread] {
      for (int64_t i = 0; i < kWrites; ++i) {
        BatchBuilder builder;
        for (int k = 0; k < 20; ++k) builder.add(series_labels(std::to_string((i + k) % 50)), i * kThreads + thread, 1);
        builder.add({.metric = "m" + std::to_string(i % 7), .help = std::to_string(thread)});
        accepted += write_and_wait(*store, builder.build()).samples_accepted;
      }
    });
  }
  std::thread reader([&] {
    while (!is_over) {
      read_all(*store);
      store->metadata();
      store->stats();
      store->health();
    }
  });
  for (std::thread& writer : writers) writer.join();
  is_over = true;
  reader.join();
  EXPECT_EQ(accepted, uint64_t{kThreads * kWrites * 20});
  EXPECT_EQ(read_all(*store).size(), 50u);
  EXPECT_EQ(store->stats().samples_appended, accepted);
  EXPECT_EQ(store->stats().write_queue_bytes, 0u);
}

}  // namespace
}  // namespace ms::storage
