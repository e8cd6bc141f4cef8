// The bytes of a log segment: frames in blocks, and commits in frames. docs/formats/wal.md draws it.
//
//     segment = block*                        of 32 KiB, the last one may be short
//     block   = frame* padding                zero bytes where no frame header fits
//     frame   = checksum u64 | payload size u16 | kind u8 | 0 u8 | payload
//     commit  = durable position u64 | entry* carried by one kFull frame, or by kFirst kMiddle* kLast
//
// The checksum is XXH3-64 of everything behind it in the frame, xor-ed with a mix of the segment's number and the
// frame's offset, so a frame is valid at one place of one segment only: what an earlier use of the file left behind
// never is. After a bad frame a
// reader looks for the next valid one, byte by byte to the end of its block; the next block begins with a frame anyway.
//
// Pure functions over bytes; little-endian.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ms::storage {

inline constexpr uint32_t kBlockBytes = 32 * 1024;
inline constexpr uint32_t kFrameHeaderBytes = 12;
inline constexpr uint32_t kWalVersion = 1;

// A place in the log. Ordered as written.
struct WalPosition {
  uint32_t segment = 0;
  uint32_t offset = 0;

  auto operator<=>(const WalPosition&) const = default;
  uint64_t packed() const { return (uint64_t{segment} << 32) | offset; }
  static WalPosition unpack(uint64_t packed) {
    return {static_cast<uint32_t>(packed >> 32), static_cast<uint32_t>(packed)};
  }
};

// What a segment's first frame says.
struct SegmentHeader {
  uint32_t version = kWalVersion;
  uint32_t number = 0;
  // When this segment was begun, every byte of the one before was good up to here, and durable: what is bad there now
  // is damage. What is bad behind it was torn off by a crash, and was never acknowledged.
  uint32_t previous_intact_bytes = 0;
};

// How many bytes a commit takes in its segment from `offset` on, frames and padding included.
uint64_t commit_bytes(uint32_t offset, uint64_t entries_bytes);

// Appends the frames of a commit that starts at `at`: commit_bytes(at.offset, entries.size()) bytes.
void append_commit(std::string& out, WalPosition at, WalPosition durable, std::string_view entries);
// The frame with which segment `header.number` begins.
std::string encode_segment_header(const SegmentHeader& header);

// A commit as found in a segment.
struct ScannedCommit {
  uint32_t begin = 0;
  uint32_t end = 0;
  WalPosition durable;
  std::string entries;
};

// What is in the bytes of segment `number`. Never fails: what is not a valid frame is a break, and reading goes on
// behind it.
struct SegmentScan {
  std::optional<SegmentHeader> header;
  std::vector<ScannedCommit> commits;
  std::vector<uint32_t>
      breaks;        // where a commit begins that does not end, or no valid frame was; the unused rest makes one too
  uint32_t end = 0;  // behind the last valid frame
  bool has_torn_bytes = false;  // behind `end` there is something, but no valid frame
};
SegmentScan scan_segment(std::string_view bytes, uint32_t number);

}  // namespace ms::storage
