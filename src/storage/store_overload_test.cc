// Writes that wait too long for their commit. The disk stands still while they wait, so that the test says how long.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "storage/store_testing.h"

namespace ms::storage {
namespace {

using testing::HasSubstr;

constexpr uint64_t kDeadlineNs = 5 * kNanosPerMilli;

class StoreOverloadTest : public testing::Test {
 protected:
  StoreOverloadTest() {
    EXPECT_FALSE(write_one(*store_, "known", 1, 1).error);
    // The next segment is there, so that only the commit thread writes from now on.
    EXPECT_TRUE(eventually([this] { return !disk_.content(test_segment_path(2)).empty(); }));
  }
  ~StoreOverloadTest() override { disk_.hold_writes(false); }

  std::future<WriteOutcome> write(std::string_view series, int64_t timestamp_ms) {
    auto done = std::make_shared<std::promise<WriteOutcome>>();
    store_->write(BatchBuilder().add(series_labels(series), timestamp_ms, 1).build(),
                  [done](WriteOutcome outcome) { done->set_value(std::move(outcome)); });
    return done->get_future();
  }

  // Stops the commit thread in the middle of a commit: what is written now waits.
  std::future<WriteOutcome> stall(int64_t timestamp_ms) {
    disk_.hold_writes(true);
    std::future<WriteOutcome> stalled = write("known", timestamp_ms);
    EXPECT_TRUE(eventually([this] { return disk_.held_writes() == 1; }));
    return stalled;
  }

  static void wait_beyond(uint64_t duration_ns) {
    const uint64_t end_ns = monotonic_ns() + duration_ns;
    EXPECT_TRUE(eventually([end_ns] { return monotonic_ns() > end_ns; }));
  }

  // Writes to `series` a sample that is refused for its age.
  void write_overdue(std::string_view series, int64_t timestamp_ms) {
    std::future<WriteOutcome> stalled = stall(timestamp_ms);
    policy_.deadline_ns = kDeadlineNs;
    std::future<WriteOutcome> overdue = write(series, timestamp_ms);
    wait_beyond(kDeadlineNs);
    disk_.hold_writes(false);
    const WriteOutcome outcome = overdue.get();
    policy_.deadline_ns = patient().deadline_ns.load();
    EXPECT_FALSE(stalled.get().error) << "it was in a commit already";
    ASSERT_TRUE(outcome.error);
    EXPECT_EQ(outcome.error->code, ErrorCode::kUnavailable);
    EXPECT_THAT(outcome.error->message, HasSubstr("waited too long for its commit; send it again"));
    EXPECT_EQ(outcome.samples_accepted, 0u);
    EXPECT_GT(outcome.done_ns, 0u);
  }

  void restart() {
    store_.reset();
    store_ = open_store(disk_, two_series(), policy_);
  }

  // There is room for "known" and one more.
  static StoreOptions two_series() {
    StoreOptions options = test_options();
    options.limits.series_max = 2;
    return options;
  }

  QueuePolicy policy_{.target_ns = patient().target_ns.load(), .deadline_ns = patient().deadline_ns.load()};
  ForgetfulFileSystem disk_;
  std::unique_ptr<Store> store_ = open_store(disk_, two_series(), policy_);
};

TEST_F(StoreOverloadTest, AWriteThatWaitedBeyondTheDeadlineIsRefusedAndLeavesNothingInTheLog) {
  write_overdue("known", 2);
  EXPECT_EQ(store_->stats().writes_refused_age, 1u);
  EXPECT_EQ(store_->stats().writes_refused, 0u);
  EXPECT_TRUE(store_->health().accepts_writes);
  write_overdue("unknown", 3);
  const Contents before = read_all(*store_);
  EXPECT_FALSE(before.contains(series_labels("unknown")));
  restart();
  EXPECT_EQ(read_all(*store_), before);
  EXPECT_EQ(store_->stats().series, 1u) << "its labels are not in the log either";
}

TEST_F(StoreOverloadTest, ASeriesWhoseFirstWriteWasRefusedWorksWhenItComesAgain) {
  write_overdue("new", 2);
  EXPECT_FALSE(write("new", 2).get().error);
  EXPECT_EQ(read_one(*store_, "new", 2), 1);
  const Contents before = read_all(*store_);
  const auto after = disk_.crash(1);
  const auto survivor = open_store(*after);
  EXPECT_EQ(read_all(*survivor), before);
  restart();
  EXPECT_EQ(read_all(*store_), before);
}

TEST_F(StoreOverloadTest, ASeriesWhoseFirstWriteWasRefusedKeepsItsPlaceUntilTheRestart) {
  write_overdue("new", 2);
  EXPECT_EQ(store_->stats().series, 2u);
  EXPECT_EQ(write("other", 2).get().rejections.count, 1u);
  EXPECT_FALSE(write("known", 3).get().error);
  restart();
  EXPECT_EQ(store_->stats().series, 1u);
  EXPECT_EQ(write("other", 2).get().samples_accepted, 1u);
}

TEST_F(StoreOverloadTest, ARefusedWriteGivesItsRoomInTheQueueBack) {
  write_overdue("new", 2);
  EXPECT_TRUE(eventually([this] { return store_->stats().write_queue_bytes == 0; }));
}

// Group commit takes all that has waited at once, so that a slow sync makes no queue.
TEST_F(StoreOverloadTest, TheTimeOfASyncIsNoWait) {
  disk_.set_sync_time(std::chrono::microseconds(4 * kDeadlineNs / 1000));
  const uint64_t commits = store_->stats().commits;
  std::future<WriteOutcome> outcome = write("known", 2);
  EXPECT_TRUE(eventually([&] { return store_->stats().commits > commits; }));
  policy_.deadline_ns = kDeadlineNs;
  EXPECT_FALSE(outcome.get().error);
}

TEST_F(StoreOverloadTest, OverloadBeginsWhereEvenTheLuckiestWriteWaitsBeyondTheTargetAndEndsWithIt) {
  policy_.target_ns = 0;
  int64_t timestamp_ms = 2;
  EXPECT_TRUE(eventually([&] { return write("known", ++timestamp_ms).get().error.has_value(); }));
  EXPECT_EQ(store_->stats().write_overloads, 1u);
  EXPECT_EQ(store_->stats().writes_refused_age, 1u);
  policy_.target_ns = patient().target_ns.load();
  EXPECT_FALSE(write("known", ++timestamp_ms).get().error);
}

}  // namespace
}  // namespace ms::storage
