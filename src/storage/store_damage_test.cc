// What rots on the disk: never a wrong value, and never in silence.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/long_run_testing.h"
#include "storage/store_testing.h"
#include "storage/wal_format.h"

namespace ms::storage {
namespace {

constexpr int kWrites = 700;
constexpr int kSamplesPerWrite = 40;
// The places of the log at which a bit is flipped.
constexpr uint64_t kPlaces = 2000;
constexpr uint64_t kPlacesInAHurry = 200;

// A log of several segments; its first commit has the labels of all series, and each write is a commit.
class StoreDamageTest : public testing::Test {
 protected:
  StoreDamageTest() {
    options_.segment_bytes = 3 * kBlockBytes;
    const auto store = open_store(disk_, options_);
    int64_t timestamp_ms = 0;
    for (int i = 0; i < kWrites; ++i) {
      BatchBuilder builder;
      for (int k = 0; k < kSamplesPerWrite; ++k, ++timestamp_ms) {
        builder.add(series_labels(std::to_string(k)), timestamp_ms, static_cast<double>(timestamp_ms));
      }
      EXPECT_FALSE(write_and_wait(*store, builder.build()).error);
    }
    killed_ = disk_.kill();
  }

  std::unique_ptr<Store> open_damaged(const std::string& path, std::string bytes) {
    return open_damaged(disk_, path, std::move(bytes));
  }
  std::unique_ptr<Store> open_damaged(const ForgetfulFileSystem& log, const std::string& path, std::string bytes) {
    damaged_ = log.kill();
    damaged_->set_content(path, bytes);
    return open_store(*damaged_, options_);
  }

  // How many samples are missing; a wrong one fails the test.
  static size_t count_lost(const Store& store) {
    size_t found = 0;
    for (const auto& [labels, samples] : read_all(store)) {
      for (const auto& [timestamp_ms, bits] : samples) {
        EXPECT_EQ(bits, std::bit_cast<uint64_t>(static_cast<double>(timestamp_ms)));
        ++found;
      }
    }
    return kWrites * kSamplesPerWrite - found;
  }

  static std::string segment(const ForgetfulFileSystem& log, uint32_t number) {
    return log.content(test_segment_path(number));
  }
  std::string segment(uint32_t number) const { return segment(disk_, number); }
  static uint32_t last_segment(const ForgetfulFileSystem& log) {
    uint32_t number = 1;
    while (scan_segment(segment(log, number + 1), number + 1).header) ++number;
    return number;
  }

  // Flips one bit at each of many places of the log, evenly over it.
  void flip_bits(const ForgetfulFileSystem& log) {
    uint64_t log_bytes = 0;
    for (uint32_t number = 1; number <= last_segment(log); ++number) log_bytes += segment(log, number).size();
    const uint64_t stride = log_bytes / ordinary_or_long(kPlacesInAHurry, kPlaces);
    uint64_t place = 0;
    for (uint32_t number = 1; number <= last_segment(log); ++number) {
      const uint64_t bytes = segment(log, number).size();
      for (; place < bytes && !HasFailure(); place += stride) flip_bit(log, number, static_cast<uint32_t>(place));
      place -= bytes;
    }
  }

  void flip_bit(const ForgetfulFileSystem& log, uint32_t number, uint32_t offset) {
    SCOPED_TRACE("segment " + std::to_string(number) + " offset " + std::to_string(offset));
    std::string bytes = segment(log, number);
    const SegmentScan before = scan_segment(bytes, number);
    bytes[offset] = static_cast<char>(bytes[offset] ^ (1 << (offset % 8)));
    const SegmentScan after = scan_segment(bytes, number);
    const auto store = open_damaged(log, test_segment_path(number), bytes);
    EXPECT_EQ(store->health().damaged_places, is_damage(before, after, number == last_segment(log)) ? 1u : 0u);
    const size_t lost = count_lost(*store);
    if (number == 1 && offset < before.commits.front().end) return;  // the labels
    EXPECT_EQ(lost, (count_writes(before) - count_writes(after)) * kSamplesPerWrite) << "the other commits are kept";
    EXPECT_LE(lost, kSamplesPerWrite + 0u);
  }

  static size_t count_writes(const SegmentScan& scan) {
    return static_cast<size_t>(
        std::ranges::count_if(scan.commits, [](const ScannedCommit& commit) { return !commit.entries.empty(); }));
  }

  // Whether what is gone was known to be durable: all of a segment that is not the last, and in the last what its
  // commits say.
  static bool is_damage(const SegmentScan& before, const SegmentScan& after, bool is_last) {
    if (after.header && after.commits.size() == before.commits.size()) return false;
    if (!is_last || !after.header) return true;
    const auto gone = std::ranges::find_if(before.commits, [&after](const ScannedCommit& commit) {
      return std::ranges::find(after.commits, commit.begin, &ScannedCommit::begin) == after.commits.end();
    });
    return gone->begin < after.commits.back().durable.offset;
  }

  ForgetfulFileSystem disk_;                     // closed
  std::unique_ptr<ForgetfulFileSystem> killed_;  // before its last write was noted as durable
  std::unique_ptr<ForgetfulFileSystem> damaged_;
  StoreOptions options_ = test_options();
};

TEST_F(StoreDamageTest, AFlippedBitAnywhereIsReportedAndCostsItsCommitOnly) {
  ASSERT_GE(last_segment(disk_), 3u);
  flip_bits(disk_);
}

TEST_F(StoreDamageTest, InALogThatACrashEndedABitOfWhatWasNotKnownToBeDurableIsNotReported) {
  flip_bits(*killed_);
  const uint32_t last = last_segment(*killed_);
  const ScannedCommit commit = scan_segment(segment(*killed_, last), last).commits.back();
  for (uint32_t offset = commit.begin; offset < commit.end; offset += 7) flip_bit(*killed_, last, offset);
  EXPECT_EQ(count_lost(*open_store(*damaged_, options_)), kSamplesPerWrite + 0u) << "the last write";
}

TEST_F(StoreDamageTest, DamageIsReportedAtEachStartAndWritesGoOn) {
  std::string bytes = segment(2);
  bytes[5000] = static_cast<char>(bytes[5000] ^ 1);
  auto store = open_damaged(test_segment_path(2), bytes);
  for (int restart = 0; restart < 3; ++restart) {
    SCOPED_TRACE(restart);
    EXPECT_EQ(store->health().damaged_places, 1u);
    EXPECT_TRUE(store->health().accepts_writes);
    EXPECT_FALSE(write_one(*store, "later", restart, 7).error);
    store.reset();
    store = open_store(*damaged_, options_);
    EXPECT_EQ(read_one(*store, "later", restart), 7);
  }
}

TEST_F(StoreDamageTest, SeriesThatLostTheirLabelsAreLoggedAnewAndNeverMistakenForOthers) {
  std::string bytes = segment(1);
  const uint32_t labels_at = scan_segment(bytes, 1).commits.front().begin + 100;
  bytes[labels_at] = static_cast<char>(bytes[labels_at] ^ 1);
  auto store = open_damaged(test_segment_path(1), bytes);
  EXPECT_TRUE(read_all(*store).empty());
  for (int i = 0; i < 100; ++i) ASSERT_FALSE(write_one(*store, std::to_string(i), -1, -1).error);
  store.reset();
  store = open_store(*damaged_, options_);
  const Contents found = read_all(*store);
  EXPECT_EQ(found.size(), 100u);
  for (const auto& [labels, samples] : found) EXPECT_EQ(samples, (Samples{{-1, std::bit_cast<uint64_t>(-1.0)}}));
}

TEST_F(StoreDamageTest, AMissingSegmentIsReportedAndTheOthersAreKept) {
  damaged_ = disk_.kill();
  ASSERT_TRUE(damaged_->remove(test_segment_path(2)));
  const auto store = open_store(*damaged_, options_);
  EXPECT_EQ(store->health().damaged_places, 1u);
  const size_t lost = scan_segment(segment(2), 2).commits.size() * kSamplesPerWrite;
  EXPECT_EQ(count_lost(*store), lost);
}

TEST_F(StoreDamageTest, ATailTornOffByACrashIsNotDamage) {
  ForgetfulFileSystem disk;
  auto store = open_store(disk);
  for (int64_t i = 0; i < 20; ++i) ASSERT_FALSE(write_one(*store, "a", i, 1).error);
  const auto killed = disk.kill();
  std::string bytes = killed->content(test_segment_path(1));
  const SegmentScan scan = scan_segment(bytes, 1);
  for (uint32_t offset = scan.commits.back().begin; offset < scan.end; ++offset) {
    SCOPED_TRACE(offset);
    std::string torn = bytes;
    std::fill(torn.begin() + offset, torn.begin() + scan.end, '\0');
    killed->set_content(test_segment_path(1), torn);
    const auto restarted = open_store(*killed);
    EXPECT_EQ(restarted->health().damaged_places, 0u);
    EXPECT_TRUE(read_one(*restarted, "a", 18));
    EXPECT_FALSE(read_one(*restarted, "a", 19));
  }
}

}  // namespace
}  // namespace ms::storage
