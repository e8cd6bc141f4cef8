#include "storage/wal_replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "storage/entry_recorder_testing.h"
#include "storage/forgetful_file_system_testing.h"
#include "storage/store_testing.h"
#include "storage/wal_format.h"

namespace ms::storage {
namespace {

using Sample = EntryRecorder::Sample;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr uint64_t kOneBits = 0x3ff0000000000000;

// A segment in the making: one commit for each sample of series 1, valued 1.
class SegmentBuilder {
 public:
  SegmentBuilder(uint32_t number, uint32_t previous_intact_bytes, uint32_t version = kWalVersion)
      : number_(number),
        bytes_(encode_segment_header(
            {.version = version, .number = number, .previous_intact_bytes = previous_intact_bytes})) {}

  SegmentBuilder& add(int64_t timestamp_ms, WalPosition durable = {}) {
    std::string entries;
    append_samples_entry(entries, std::vector<SeriesRef>{1}, std::vector{timestamp_ms}, std::vector{1.0});
    append_commit(bytes_, {.segment = number_, .offset = end()}, durable, entries);
    return *this;
  }
  // Padding up to the next block: where the reader goes on after a break.
  SegmentBuilder& skip_block() {
    bytes_.resize((bytes_.size() + kBlockBytes - 1) / kBlockBytes * kBlockBytes);
    return *this;
  }
  SegmentBuilder& spoil(uint32_t offset) {
    bytes_[offset] = static_cast<char>(bytes_[offset] ^ 1);
    return *this;
  }
  uint32_t end() const { return static_cast<uint32_t>(bytes_.size()); }

  void store(ForgetfulFileSystem& disk) const { disk.set_content(test_segment_path(number_), bytes_); }

 private:
  uint32_t number_;
  std::string bytes_;
};

class WalReplayTest : public testing::Test {
 protected:
  WalReplay replay() {
    auto replayed = replay_wal(disk_, "/data/wal", recorder_, quiet_log());
    EXPECT_TRUE(replayed) << replayed.error().message;
    return std::move(*replayed);
  }
  std::vector<int64_t> timestamps_ms() const {
    std::vector<int64_t> timestamps_ms;
    for (const Sample& sample : recorder_.samples) timestamps_ms.push_back(sample.timestamp_ms);
    return timestamps_ms;
  }

  ForgetfulFileSystem disk_;
  EntryRecorder recorder_;
};

TEST_F(WalReplayTest, AnEmptyDirectoryBeginsWithSegmentOne) {
  const WalReplay found = replay();
  EXPECT_EQ(found.resume.next_segment, 1u);
  EXPECT_EQ(found.resume.spare, nullptr);
}

TEST_F(WalReplayTest, SegmentsAreReadInOrder) {
  const SegmentBuilder first = SegmentBuilder(9, 0).add(1).add(2);
  const SegmentBuilder second = SegmentBuilder(10, first.end()).add(3);
  disk_.set_content("/data/wal/0000000a.wal", "");
  second.store(disk_);
  first.store(disk_);
  disk_.rename(test_segment_path(10), "/data/wal/0000000a.wal");
  disk_.set_content("/data/wal/prepare.tmp", "half");
  disk_.set_content("/data/wal/notes.wal", "not ours");
  const WalReplay found = replay();
  EXPECT_THAT(timestamps_ms(), ElementsAre(1, 2, 3));
  EXPECT_EQ(found.segments, 2u);
  EXPECT_EQ(found.commits, 3u);
  EXPECT_EQ(found.damaged_places, 1u) << "the segments before 9 are missing";
  EXPECT_EQ(found.resume.next_segment, 11u);
  EXPECT_EQ(found.resume.previous_intact_bytes, second.end());
}

TEST_F(WalReplayTest, ABadCommitCostsNoOtherOfItsBlockAndTheyBearWitnessAgainstIt) {
  SegmentBuilder segment(1, 0);
  segment.add(1);
  const uint32_t second = segment.end();
  segment.add(2);
  const uint32_t third = segment.end();
  segment.add(3, {.segment = 1, .offset = third}).spoil(second + 14).store(disk_);
  const WalReplay found = replay();
  EXPECT_THAT(timestamps_ms(), ElementsAre(1, 3));
  EXPECT_EQ(found.damaged_places, 1u);
}

TEST_F(WalReplayTest, ARunThatWritesNothingStillNotesThatWhatItReplayedIsDurable) {
  SegmentBuilder killed(1, 0);
  killed.add(1);
  const uint32_t last = killed.end();
  killed.add(2).store(disk_);
  {
    WalReplay found = replay();
    EXPECT_FALSE(found.resume.is_noted);
    Wal wal(disk_, {.directory = "/data/wal", .segment_bytes = 2 * kBlockBytes}, std::move(found.resume));
    ASSERT_TRUE(wal.close());
  }
  killed.spoil(last + 14).store(disk_);
  EXPECT_EQ(replay().damaged_places, 1u);
}

TEST_F(WalReplayTest, ABadHeaderCostsNoCommit) {
  SegmentBuilder segment(1, 0);
  segment.add(1);
  const uint32_t second = segment.end();
  segment.add(2, {.segment = 1, .offset = second}).spoil(9).store(disk_);
  EXPECT_EQ(replay().damaged_places, 1u);
  EXPECT_THAT(timestamps_ms(), ElementsAre(1, 2));
}

TEST_F(WalReplayTest, AMissingFirstSegmentIsDamage) {
  SegmentBuilder(2, 100).add(2).store(disk_);
  EXPECT_EQ(replay().damaged_places, 1u);
  EXPECT_THAT(timestamps_ms(), ElementsAre(2));
}

TEST_F(WalReplayTest, AMissingSegmentIsDamageAndTheOthersAreTold) {
  const SegmentBuilder first = SegmentBuilder(1, 0).add(1);
  first.store(disk_);
  SegmentBuilder(3, 100).add(3).store(disk_);
  EXPECT_EQ(replay().damaged_places, 1u);
  EXPECT_THAT(timestamps_ms(), ElementsAre(1, 3));
}

TEST_F(WalReplayTest, ABadPlaceBelowWhatTheNextSegmentSaysIsDamage) {
  SegmentBuilder first = SegmentBuilder(1, 0).add(1);
  const uint32_t torn_at = first.end();
  first.add(2).skip_block().add(3).spoil(torn_at + 20);
  for (const auto& [intact_bytes, damaged_places] : {std::pair{torn_at, 0u}, std::pair{torn_at + 1, 1u}}) {
    SCOPED_TRACE(intact_bytes);
    recorder_ = {};
    first.store(disk_);
    SegmentBuilder(2, intact_bytes).add(4).store(disk_);
    EXPECT_EQ(replay().damaged_places, damaged_places);
    EXPECT_THAT(timestamps_ms(), ElementsAre(1, 3, 4)) << "what is good is told in any case";
  }
}

TEST_F(WalReplayTest, InTheLastSegmentTheCommitsSayWhatWasDurable) {
  SegmentBuilder segment = SegmentBuilder(1, 0).add(1);
  const uint32_t torn_at = segment.end();
  segment.add(2).skip_block();
  const SegmentBuilder behind = segment;
  SegmentBuilder(behind).add(3, {.segment = 1, .offset = torn_at}).spoil(torn_at + 20).store(disk_);
  WalReplay found = replay();
  EXPECT_EQ(found.damaged_places, 0u);
  EXPECT_EQ(found.resume.previous_intact_bytes, torn_at) << "so that it is not damage at the next start either";

  SegmentBuilder known(behind);
  known.add(3, {.segment = 1, .offset = torn_at + 1}).spoil(torn_at + 20).store(disk_);
  found = replay();
  EXPECT_EQ(found.damaged_places, 1u);
  EXPECT_EQ(found.resume.previous_intact_bytes, known.end()) << "so that it is damage at each start";
}

TEST_F(WalReplayTest, WithoutTheNextHeaderTheCommitsSayWhatWasDurable) {
  SegmentBuilder first = SegmentBuilder(1, 0).add(1);
  const uint32_t torn_at = first.end();
  first.add(2).skip_block().add(3).spoil(torn_at + 20).store(disk_);
  // Its header and its first block were lost in the crash, a later commit was not.
  SegmentBuilder(2, torn_at).skip_block().add(4, {.segment = 1, .offset = torn_at}).spoil(3).store(disk_);
  EXPECT_EQ(replay().damaged_places, 0u);
  // A commit that knows of a sync in this segment proves that header, and what it said, to have been there.
  SegmentBuilder(2, torn_at).skip_block().add(4, {.segment = 2, .offset = 40}).spoil(3).store(disk_);
  EXPECT_EQ(replay().damaged_places, 2u);
}

TEST_F(WalReplayTest, PreparedSegmentsAreUsedFromTheFirstOn) {
  const SegmentBuilder first = SegmentBuilder(1, 0).add(1);
  first.store(disk_);
  // The second was begun, and the crash took all of it.
  disk_.set_content(test_segment_path(2), std::string(kTestSegmentBytes, '\0'));
  disk_.set_content(test_segment_path(3), std::string(kTestSegmentBytes, '\0'));
  WalReplay found = replay();
  EXPECT_EQ(found.damaged_places, 0u);
  EXPECT_EQ(found.resume.next_segment, 2u);
  EXPECT_EQ(found.resume.previous_intact_bytes, first.end());
  ASSERT_NE(found.resume.spare, nullptr);
  ASSERT_TRUE(found.resume.spare->write_at(0, "x"));
  EXPECT_EQ(disk_.content(test_segment_path(2))[0], 'x');
}

TEST_F(WalReplayTest, AZeroedSegmentBetweenOthersIsDamage) {
  const SegmentBuilder first = SegmentBuilder(1, 0).add(1);
  first.store(disk_);
  disk_.set_content(test_segment_path(2), std::string(kBlockBytes, '\0'));
  SegmentBuilder(3, 200).add(3).store(disk_);
  EXPECT_EQ(replay().damaged_places, 1u);
  EXPECT_THAT(timestamps_ms(), ElementsAre(1, 3));
}

TEST_F(WalReplayTest, AnUnknownVersionIsRefusedByName) {
  SegmentBuilder(1, 0, kWalVersion + 1).add(1).store(disk_);
  const auto refused = replay_wal(disk_, "/data/wal", recorder_, quiet_log());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(refused.error().message, "/data/wal/00000001.wal has format version 2; this build reads version 1");
  EXPECT_THAT(recorder_.samples, IsEmpty());
}

TEST_F(WalReplayTest, ACommitThatDoesNotDecodeIsDamage) {
  std::string bytes = encode_segment_header({.number = 1});
  append_commit(bytes, {.segment = 1, .offset = static_cast<uint32_t>(bytes.size())}, {}, "\x7f");
  disk_.set_content(test_segment_path(1), bytes);
  EXPECT_EQ(replay().damaged_places, 1u);
}

// A log as the Wal leaves it: by a clean close, or by a kill.
class WalEndTest : public WalReplayTest {
 protected:
  static constexpr uint32_t kSegmentBytes = 2 * kBlockBytes;
  static constexpr const char* kTornWarning = "a crash tore off";

  // Replays the log, writes an entry of each size in a commit of its own, and closes.
  void run(const std::vector<size_t>& entry_bytes) {
    Wal wal(disk_, {.directory = "/data/wal", .segment_bytes = kSegmentBytes}, std::move(replay().resume));
    append(wal, entry_bytes);
    ASSERT_TRUE(wal.close());
  }

  static void append(Wal& wal, const std::vector<size_t>& entry_bytes) {
    for (const size_t bytes : entry_bytes) {
      std::string entries;
      append_metadata_entry(entries, {.metric = "m", .help = std::string(bytes, 'x')});
      ASSERT_TRUE(wal.append(entries));
      ASSERT_TRUE(wal.sync());
    }
  }

  void remove_log() {
    const std::vector<std::string> names = disk_.list("/data/wal").value();
    for (const std::string& name : names) ASSERT_TRUE(disk_.remove("/data/wal/" + name));
  }

  // What a replay warns of.
  std::string replay_log() {
    const std::string path = testing::TempDir() + "wal_end_" + std::to_string(getpid()) + ".log";
    {
      const Logger log(LogLevel::kWarn, LogFormat::kLogfmt, path);
      EXPECT_TRUE(replay_wal(disk_, "/data/wal", recorder_, log));
    }
    std::ifstream file(path);
    std::string lines(std::istreambuf_iterator<char>(file), {});
    std::filesystem::remove(path);
    return lines;
  }

  uint32_t last_segment() const {
    uint32_t number = 0;
    while (scan_segment(disk_.content(test_segment_path(number + 1)), number + 1).header) ++number;
    return number;
  }
};

TEST_F(WalEndTest, ACleanCloseIsNeverTakenForACrashWhereverItsLastCommitEnds) {
  const uint32_t begin = static_cast<uint32_t>(encode_segment_header({.number = 1}).size());
  std::vector<size_t> sizes = {1, kBlockBytes / 2};
  // Around the end of a block, where no frame has room, and of a segment, where no closing commit has.
  for (size_t left = 0; left < 60; ++left) sizes.push_back(kBlockBytes - begin - left);
  for (const size_t bytes : sizes) {
    for (const size_t more : {size_t{0}, size_t{kBlockBytes / 2}, size_t{kBlockBytes - 100}}) {
      SCOPED_TRACE(std::to_string(bytes) + " and " + std::to_string(more) + " bytes");
      remove_log();
      run(more == 0 ? std::vector{bytes} : std::vector{bytes, more});
      EXPECT_EQ(replay_log(), "");
      const WalReplay found = replay();
      EXPECT_TRUE(found.resume.is_noted);
      EXPECT_EQ(found.damaged_places, 0u);
    }
  }
}

TEST_F(WalEndTest, RunsThatWriteNothingAddNothing) {
  run({100});
  const uint32_t segments = last_segment();
  for (int restart = 0; restart < 3; ++restart) run({});
  EXPECT_EQ(last_segment(), segments);
}

TEST_F(WalEndTest, ARunAfterAKillAddsOneSegmentThatNotesWhatWasFound) {
  std::unique_ptr<ForgetfulFileSystem> killed;
  {
    Wal wal(disk_, {.directory = "/data/wal", .segment_bytes = kSegmentBytes}, {});
    append(wal, {100, 200});
    killed = disk_.kill();
  }
  disk_.set_content(test_segment_path(1), killed->content(test_segment_path(1)));
  for (int restart = 0; restart < 3; ++restart) run({});
  EXPECT_EQ(last_segment(), 2u);
}

// Under a shorter commit, frames of the one that failed could be taken for its own.
TEST_F(WalEndTest, BehindAWriteThatFailedTheSegmentTakesNothingMore) {
  Wal wal(disk_, {.directory = "/data/wal", .segment_bytes = kSegmentBytes}, {});
  append(wal, {100});
  ASSERT_TRUE(eventually([&] { return !disk_.content(test_segment_path(2)).empty(); })) << "its writes have no fault";
  disk_.add_fault({.kind = FaultKind::kTear, .operation = Operation::kWrite, .code = ErrorCode::kNoSpace});
  EXPECT_FALSE(wal.append(std::string(200, 'x')));
  append(wal, {300});
  EXPECT_EQ(wal.segment_number(), 2u);
}

TEST_F(WalEndTest, WhatACrashToreOffIsSaid) {
  run({100});
  std::string bytes = disk_.content(test_segment_path(1));
  bytes.resize(scan_segment(bytes, 1).commits.front().end - 1);
  disk_.set_content(test_segment_path(1), bytes);
  EXPECT_THAT(replay_log(), HasSubstr(kTornWarning));
  for (int restart = 0; restart < 2; ++restart) {
    run({});
    EXPECT_EQ(replay_log(), "") << "once it is noted how far the log is good";
  }
}

// The golden file: what version 1 has written is read forever. docs/formats/wal.md describes it.
class GoldenLogTest : public WalReplayTest {
 protected:
  static std::string labels(std::string_view host) {
    return labels_of({{model::kMetricName, "cpu_seconds_total"}, {"host", host}});
  }

  GoldenLogTest() {
    std::ifstream file(std::string(MS_GOLDEN_DIRECTORY) + "/wal-1/00000001.wal", std::ios::binary);
    golden_.assign(std::istreambuf_iterator<char>(file), {});
  }

  std::string golden_;
  const model::Metadata metadata_{"cpu_seconds_total", model::MetricType::kCounter, "Time spent.", "seconds"};
};

TEST_F(GoldenLogTest, VersionOneReplays) {
  disk_.set_content(test_segment_path(1), golden_);
  const WalReplay found = replay();
  EXPECT_EQ(found.damaged_places, 0u);
  EXPECT_EQ(found.commits, 3u);
  EXPECT_THAT(recorder_.series,
              ElementsAre(std::pair(SeriesRef{1}, labels("a")), std::pair(SeriesRef{2}, labels("b"))));
  EXPECT_THAT(recorder_.samples,
              ElementsAre(Sample{1, 1732363200000, kOneBits}, Sample{2, 1732363200000, 0x4004000000000000},
                          Sample{2, 1732363199000, 0x7ff0000000000002}));
  EXPECT_THAT(recorder_.metadata, ElementsAre(metadata_));
}

TEST_F(GoldenLogTest, VersionOneIsWhatIsWritten) {
  std::string bytes = encode_segment_header({.number = 1});
  const auto commit = [&bytes](WalPosition durable, const std::string& entries) {
    append_commit(bytes, {.segment = 1, .offset = static_cast<uint32_t>(bytes.size())}, durable, entries);
  };
  std::string entries;
  append_series_entry(entries, 1, labels("a"));
  append_series_entry(entries, 2, labels("b"));
  append_samples_entry(entries, std::vector<SeriesRef>{1, 2}, std::vector<int64_t>{1732363200000, 1732363200000},
                       std::vector<double>{1, 2.5});
  append_metadata_entry(entries, metadata_);
  commit({}, entries);
  entries.clear();
  append_samples_entry(entries, std::vector<SeriesRef>{2}, std::vector<int64_t>{1732363199000},
                       std::vector<double>{std::bit_cast<double>(uint64_t{0x7ff0000000000002})});
  commit({.segment = 1, .offset = static_cast<uint32_t>(bytes.size())}, entries);
  const auto end = static_cast<uint32_t>(bytes.size());
  bytes.resize(kBlockBytes);
  commit({.segment = 1, .offset = end}, "");
  EXPECT_TRUE(bytes == golden_) << "another format is another version, and its golden file stands beside this one";
}

}  // namespace
}  // namespace ms::storage
