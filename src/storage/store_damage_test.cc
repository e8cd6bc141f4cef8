// What rots on the disk: never a wrong value, and never in silence.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "storage/store_testing.h"
#include "storage/wal_format.h"

namespace ms::storage {
namespace {

constexpr int kWrites = 700;
constexpr int kSamplesPerWrite = 40;

// A cleanly closed log of several segments; its first commit has the labels of all series.
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
  }

  std::unique_ptr<Store> open_damaged(const std::string& path, std::string bytes) {
    damaged_ = disk_.kill();
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

  std::string segment(uint32_t number) const { return disk_.content(test_segment_path(number)); }
  uint32_t last_segment() const {
    uint32_t number = 1;
    while (scan_segment(segment(number + 1), number + 1).header) ++number;
    return number;
  }

  ForgetfulFileSystem disk_;
  std::unique_ptr<ForgetfulFileSystem> damaged_;
  StoreOptions options_ = test_options();
};

TEST_F(StoreDamageTest, AFlippedBitAnywhereIsReportedAndCostsItsCommitOnly) {
  const uint32_t last = last_segment();
  ASSERT_GE(last, 3u);
  const SegmentScan first = scan_segment(segment(1), 1);
  const uint32_t labels_end = first.commits.front().end;
  for (uint32_t number = 1; number <= last; ++number) {
    const std::string bytes = segment(number);
    const SegmentScan scan = scan_segment(bytes, number);
    for (uint32_t offset = number; offset < scan.commits.back().begin; offset += 1531) {
      SCOPED_TRACE("segment " + std::to_string(number) + " offset " + std::to_string(offset));
      std::string flipped = bytes;
      flipped[offset] = static_cast<char>(flipped[offset] ^ (1 << (offset % 8)));
      const auto store = open_damaged(test_segment_path(number), flipped);
      const size_t lost = count_lost(*store);
      const SegmentScan after = scan_segment(flipped, number);
      const bool is_harmless = after.commits.size() == scan.commits.size() && after.header;
      EXPECT_EQ(store->health().damaged_places, is_harmless ? 0u : 1u);
      if (number == 1 && offset < labels_end) continue;
      EXPECT_EQ(lost, (scan.commits.size() - after.commits.size()) * kSamplesPerWrite) << "the other commits are kept";
      EXPECT_LE(lost, kBlockBytes / 8) << "a sample has 8 bytes and more";
    }
  }
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
