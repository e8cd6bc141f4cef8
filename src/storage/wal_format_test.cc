#include "storage/wal_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ms::storage {
namespace {

constexpr uint32_t kSegment = 7;
constexpr WalPosition kDurable{.segment = 6, .offset = 4711};

// Entries of that size which no other commit of a test has.
std::string entries_of(size_t bytes, char first) {
  std::string entries(bytes, first);
  for (size_t i = 0; i < bytes; ++i) entries[i] = static_cast<char>(first + i % 251);
  return entries;
}

std::string build_segment(const std::vector<std::string>& commits) {
  std::string bytes = encode_segment_header({.number = kSegment, .previous_intact_bytes = 99});
  for (const std::string& entries : commits) {
    append_commit(bytes, {.segment = kSegment, .offset = static_cast<uint32_t>(bytes.size())}, kDurable, entries);
  }
  return bytes;
}

std::vector<std::string> entries_in(const SegmentScan& scan) {
  std::vector<std::string> entries;
  for (const ScannedCommit& commit : scan.commits) entries.push_back(commit.entries);
  return entries;
}

TEST(WalFormatTest, TheHeaderComesBack) {
  const SegmentScan scan = scan_segment(build_segment({}), kSegment);
  ASSERT_TRUE(scan.header);
  EXPECT_EQ(scan.header->version, kWalVersion);
  EXPECT_EQ(scan.header->number, kSegment);
  EXPECT_EQ(scan.header->previous_intact_bytes, 99u);
  EXPECT_THAT(scan.breaks, testing::IsEmpty());
}

TEST(WalFormatTest, CommitsOfEverySizeAroundTheEndOfABlockComeBack) {
  for (const uint32_t blocks : {1u, 3u}) {
    for (int32_t around = -80; around <= 40; ++around) {
      const size_t size = blocks * kBlockBytes + around;
      for (const size_t second : {size_t{0}, size_t{1}, size_t{kBlockBytes - kFrameHeaderBytes - 8}, size_t{70'000}}) {
        const std::vector<std::string> commits{entries_of(size, 'a'), entries_of(second, 'b'), entries_of(5, 'c')};
        const SegmentScan scan = scan_segment(build_segment(commits), kSegment);
        ASSERT_EQ(entries_in(scan), commits) << size << " and " << second;
        ASSERT_THAT(scan.breaks, testing::IsEmpty()) << size << " and " << second;
        ASSERT_EQ(scan.commits[0].durable, kDurable);
      }
    }
  }
}

TEST(WalFormatTest, ACommitTakesAsManyBytesAsAnnounced) {
  for (uint32_t offset = kBlockBytes - 64; offset <= kBlockBytes; ++offset) {
    for (const size_t size : {size_t{0}, size_t{1}, size_t{30}, size_t{kBlockBytes}, size_t{100'000}}) {
      std::string bytes;
      append_commit(bytes, {.segment = kSegment, .offset = offset}, kDurable, entries_of(size, 'a'));
      ASSERT_EQ(bytes.size(), commit_bytes(offset, size)) << offset << ", " << size;
    }
  }
}

TEST(WalFormatTest, EveryChangedByteIsNoticedOrHarmless) {
  const std::vector<std::string> commits{entries_of(40, 'a'), entries_of(kBlockBytes, 'b'), entries_of(9, 'c'), ""};
  const std::string bytes = build_segment(commits);
  const SegmentScan clean = scan_segment(bytes, kSegment);
  for (size_t i = 0; i < bytes.size(); i += i < 200 || i + 200 > bytes.size() ? 1 : 37) {
    for (const int mask : {0x01, 0x80, 0xff}) {
      std::string changed = bytes;
      changed[i] = static_cast<char>(changed[i] ^ mask);
      const SegmentScan scan = scan_segment(changed, kSegment);
      ASSERT_THAT(commits, testing::IsSupersetOf(entries_in(scan))) << "byte " << i << ": nothing is invented";
      const bool is_whole = scan.commits.size() == clean.commits.size() && scan.header;
      ASSERT_TRUE(is_whole || !scan.breaks.empty()) << "byte " << i << ": what is missing leaves a break";
    }
  }
}

TEST(WalFormatTest, EveryTruncationKeepsWhatIsWholeAndInventsNothing) {
  const std::vector<std::string> commits{entries_of(40, 'a'), entries_of(300, 'b'), entries_of(9, 'c')};
  const std::string bytes = build_segment(commits);
  const SegmentScan clean = scan_segment(bytes, kSegment);
  for (size_t size = 0; size <= bytes.size(); ++size) {
    const SegmentScan scan = scan_segment(bytes.substr(0, size), kSegment);
    size_t whole = 0;
    while (whole < commits.size() && clean.commits[whole].end <= size) ++whole;
    ASSERT_EQ(scan.commits.size(), whole) << size;
  }
}

TEST(WalFormatTest, AFrameIsValidAtItsOwnPlaceOnly) {
  const std::string bytes = build_segment({entries_of(100, 'a')});
  EXPECT_THAT(scan_segment(bytes, kSegment + 1).commits, testing::IsEmpty()) << "in another segment";
  EXPECT_FALSE(scan_segment(bytes, kSegment + 1).header);

  const ScannedCommit commit = scan_segment(bytes, kSegment).commits.at(0);
  const std::string frame = bytes.substr(commit.begin, commit.end - commit.begin);
  EXPECT_EQ(scan_segment(bytes + frame, kSegment).commits.size(), 1u) << "at another offset";
  std::string in_next_block = bytes;
  in_next_block.resize(kBlockBytes + commit.begin);
  in_next_block.replace(kBlockBytes, std::string::npos, frame);
  EXPECT_EQ(scan_segment(in_next_block, kSegment).commits.size(), 1u) << "at the begin of another block";
}

TEST(WalFormatTest, ReadingGoesOnRightBehindABadFrame) {
  const std::vector<std::string> commits{entries_of(100, 'a'), entries_of(100, 'b'), entries_of(kBlockBytes, 'c'),
                                         entries_of(100, 'd'), entries_of(100, 'e')};
  std::string bytes = build_segment(commits);
  const SegmentScan clean = scan_segment(bytes, kSegment);
  bytes[clean.commits[1].begin + 30] ^= 1;
  const SegmentScan scan = scan_segment(bytes, kSegment);
  EXPECT_TRUE(entries_in(scan) == (std::vector<std::string>{commits[0], commits[2], commits[3], commits[4]}));
  EXPECT_THAT(scan.breaks, testing::ElementsAre(clean.commits[1].begin));
}

TEST(WalFormatTest, ACommitThatDoesNotEndIsABreakAtItsBegin) {
  const std::string whole = build_segment({entries_of(10, 'a'), entries_of(3 * kBlockBytes, 'b')});
  const SegmentScan clean = scan_segment(whole, kSegment);
  const SegmentScan scan = scan_segment(whole.substr(0, 2 * kBlockBytes), kSegment);
  EXPECT_EQ(scan.commits.size(), 1u);
  EXPECT_THAT(scan.breaks, testing::ElementsAre(clean.commits[1].begin));
}

TEST(WalFormatTest, BytesOfAnySortAreScanned) {
  EXPECT_EQ(scan_segment("", kSegment).end, 0u);
  EXPECT_THAT(scan_segment("x", kSegment).breaks, testing::ElementsAre(0u));
  EXPECT_THAT(scan_segment(std::string(2 * kBlockBytes, '\0'), kSegment).breaks, testing::ElementsAre(0u, kBlockBytes));
  EXPECT_THAT(scan_segment(std::string(kBlockBytes, '\xff'), kSegment).commits, testing::IsEmpty());
}

}  // namespace
}  // namespace ms::storage
