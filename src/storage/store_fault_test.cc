// What the disk refuses. store_fault_sweep_test.cc lets each operation fail, at each place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "storage/store_testing.h"

namespace ms::storage {
namespace {

using testing::HasSubstr;

void expect_unavailable(const WriteOutcome& outcome, const std::string& why) {
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::kUnavailable);
  EXPECT_THAT(outcome.error->message, HasSubstr(why));
  EXPECT_EQ(outcome.samples_accepted, 0u);
}

TEST(StoreFaultTest, AfterAFailureOfTheLogNothingIsAcknowledgedAndReadsGoOn) {
  struct Case {
    FaultKind kind;
    Operation operation;
    const char* reason;
  };
  for (const Case& c :
       {Case{FaultKind::kTear, Operation::kWrite, "write /data/wal/00000001.wal: Input/output error"},
        Case{FaultKind::kFail, Operation::kSync, "fdatasync /data/wal/00000001.wal: Input/output error"}}) {
    SCOPED_TRACE(c.reason);
    ForgetfulFileSystem disk;
    auto store = open_store(disk);
    ASSERT_FALSE(write_one(*store, "a", 1, 1).error);
    // Its operations must not take the failure.
    ASSERT_TRUE(eventually([&] { return !disk.content(test_segment_path(2)).empty(); }));
    disk.add_fault({.kind = c.kind, .operation = c.operation});
    expect_unavailable(write_one(*store, "a", 2, 2), c.reason);
    EXPECT_FALSE(store->health().accepts_writes);
    EXPECT_THAT(store->health().reason, HasSubstr(c.reason));
    expect_unavailable(write_one(*store, "a", 3, 3), c.reason);
    expect_unavailable(write_and_wait(*store, BatchBuilder().build()), c.reason);
    EXPECT_EQ(read_one(*store, "a", 1), 1);
    store.reset();
    store = open_store(disk);
    EXPECT_TRUE(store->health().accepts_writes) << "a restart begins anew";
    EXPECT_EQ(store->health().damaged_places, 0u);
    EXPECT_EQ(read_one(*store, "a", 1), 1);
    EXPECT_FALSE(read_one(*store, "a", 3));
    EXPECT_FALSE(write_one(*store, "a", 3, 3).error);
  }
}

// The kernel calls pages clean that a failed sync could not write, so that a restarted process reads what the disk has
// not.
TEST(StoreFaultTest, WhatIsReadAfterAFailedSyncIsMadeDurableBeforeAnythingIsBuiltOnIt) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    ForgetfulFileSystem disk;
    auto store = open_store(disk);
    ASSERT_FALSE(write_one(*store, "a", 1, 1).error);
    ASSERT_TRUE(eventually([&] { return !disk.content(test_segment_path(2)).empty(); }));
    disk.add_fault({.operation = Operation::kSync});
    expect_unavailable(write_one(*store, "new", 2, 2), "fdatasync");
    store.reset();
    store = open_store(disk);
    ASSERT_FALSE(write_one(*store, "new", 3, 3).error);
    const auto after = disk.crash(seed);
    const auto survivor = open_store(*after);
    EXPECT_EQ(read_one(*survivor, "a", 1), 1);
    EXPECT_EQ(read_one(*survivor, "new", 3), 3);
  }
}

TEST(StoreFaultTest, WritesWorkAgainOnceThereIsSpace) {
  ForgetfulFileSystem disk;
  auto store = open_store(disk);
  Contents acked;
  int64_t timestamp_ms = 0;
  const auto write = [&] {
    BatchBuilder builder;
    Contents batch = acked;
    for (int i = 0; i < 2000; ++i, ++timestamp_ms) {
      const std::string labels = series_labels(std::to_string(timestamp_ms % 3000));
      builder.add(labels, timestamp_ms, 1);
      batch[labels][timestamp_ms] = std::bit_cast<uint64_t>(1.0);
    }
    WriteOutcome outcome = write_and_wait(*store, builder.build());
    if (!outcome.error) acked = std::move(batch);
    return outcome;
  };
  EXPECT_FALSE(write().error);
  disk.set_full(true);
  WriteOutcome outcome;
  for (int i = 0; i < 100 && !outcome.error; ++i) outcome = write();
  expect_unavailable(outcome, "No space left on device");
  EXPECT_THAT(store->health().reason, HasSubstr("No space left on device"));
  expect_unavailable(write(), "No space left on device");
  disk.set_full(false);
  ASSERT_TRUE(eventually([&] { return !write().error; }));
  EXPECT_TRUE(store->health().accepts_writes);
  EXPECT_FALSE(write().error);
  const auto after = disk.crash(1);
  const auto survivor = open_store(*after);
  const Contents found = read_all(*survivor);
  for (const auto& [labels, samples] : acked) {
    for (const auto& [at_ms, bits] : samples) ASSERT_TRUE(found.contains(labels) && found.at(labels).contains(at_ms));
  }
  EXPECT_EQ(survivor->health().damaged_places, 0u);
}

}  // namespace
}  // namespace ms::storage
