#include "storage/wal_format.h"

#include <xxhash.h>

#include <algorithm>

#include "base/bytes.h"

namespace ms::storage {
namespace {

enum class FrameKind : uint8_t { kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4, kSegmentHeader = 5 };

constexpr std::string_view kMagic = "MSTRWAL\n";
constexpr uint32_t kChecksumBytes = 8;
constexpr size_t kCommitHeaderBytes = 8;

uint64_t checksum(uint32_t segment, uint32_t offset, std::string_view bytes) {
  // The multipliers are odd, so that each place has a mask of its own (splitmix64's finalizer spreads it).
  uint64_t place = (uint64_t{segment} << 32) | offset;
  place = (place ^ (place >> 30)) * 0xbf58476d1ce4e5b9u;
  place = (place ^ (place >> 27)) * 0x94d049bb133111ebu;
  return XXH3_64bits(bytes.data(), bytes.size()) ^ place ^ (place >> 31);
}

uint32_t left_in_block(uint32_t offset) { return kBlockBytes - offset % kBlockBytes; }

// Where the next frame begins if the last one ended at `offset`: a block's last bytes may be too few for a header and a
// byte.
uint32_t next_frame(uint32_t offset) {
  const uint32_t left = left_in_block(offset);
  return left <= kFrameHeaderBytes ? offset + left : offset;
}

uint64_t framed_bytes(uint32_t offset, uint64_t payload_bytes) {
  uint64_t end = offset;
  do {
    const uint64_t left = kBlockBytes - end % kBlockBytes;
    if (left <= kFrameHeaderBytes) end += left;
    const uint64_t taken = std::min(payload_bytes, kBlockBytes - end % kBlockBytes - kFrameHeaderBytes);
    end += kFrameHeaderBytes + taken;
    payload_bytes -= taken;
  } while (payload_bytes > 0);
  return end - offset;
}

void append_frame(std::string& out, uint32_t segment, uint32_t offset, FrameKind kind, std::string_view payload) {
  const size_t begin = out.size();
  put_fixed<uint64_t>(out, 0);
  put_fixed(out, static_cast<uint16_t>(payload.size()));
  put_fixed(out, static_cast<uint8_t>(kind));
  put_fixed<uint8_t>(out, 0);
  out += payload;
  const uint64_t sum = checksum(segment, offset, std::string_view(out).substr(begin + kChecksumBytes));
  std::memcpy(out.data() + begin, &sum, sizeof sum);
}

struct Frame {
  FrameKind kind;
  std::string_view payload;
  uint32_t end;
};

std::optional<Frame> read_frame(std::string_view bytes, uint32_t segment, uint32_t offset) {
  ByteReader reader(bytes.substr(offset, left_in_block(offset)));
  const auto sum = reader.fixed<uint64_t>();
  const auto size = reader.fixed<uint16_t>();
  const auto kind = reader.fixed<uint8_t>();
  reader.fixed<uint8_t>();
  const std::string_view payload = reader.bytes(size);
  if (!reader.ok() || kind < static_cast<uint8_t>(FrameKind::kFull) ||
      kind > static_cast<uint8_t>(FrameKind::kSegmentHeader)) {
    return std::nullopt;
  }
  const std::string_view summed = bytes.substr(offset + kChecksumBytes, kFrameHeaderBytes - kChecksumBytes + size);
  if (checksum(segment, offset, summed) != sum) return std::nullopt;
  return Frame{static_cast<FrameKind>(kind), payload, offset + kFrameHeaderBytes + size};
}

std::optional<SegmentHeader> decode_segment_header(std::string_view payload) {
  ByteReader reader(payload);
  if (reader.bytes(kMagic.size()) != kMagic) return std::nullopt;
  SegmentHeader header;
  header.version = reader.fixed<uint32_t>();
  header.number = reader.fixed<uint32_t>();
  header.previous_intact_bytes = reader.fixed<uint32_t>();
  return reader.ok() ? std::optional(header) : std::nullopt;
}

// Puts the frames of a segment together again.
class Scanner {
 public:
  Scanner(std::string_view bytes, uint32_t number) : bytes_(bytes), number_(number) {}

  SegmentScan run() {
    uint32_t offset = 0;
    while (offset < bytes_.size()) {
      const std::optional<Frame> frame = read_frame(bytes_, number_, offset);
      if (!frame) {
        add_break(offset);
        offset = find_frame(offset);
        continue;
      }
      take(*frame, offset);
      scan_.end = frame->end;
      offset = next_frame(frame->end);
    }
    if (is_open_) add_break(commit_.begin);
    scan_.has_torn_bytes = bytes_.find_first_not_of('\0', scan_.end) != std::string_view::npos;
    return std::move(scan_);
  }

 private:
  // Where a valid frame begins behind the bad one at `offset`: in the same block, or else at the next.
  uint32_t find_frame(uint32_t offset) const {
    const auto end = static_cast<uint32_t>(std::min<uint64_t>(bytes_.size(), uint64_t{offset} + left_in_block(offset)));
    // Most breaks are the zeroes of what was never written.
    if (bytes_.substr(0, end).find_first_not_of('\0', offset) == std::string_view::npos) return end;
    for (uint32_t at = offset + 1; at < end; ++at) {
      if (read_frame(bytes_, number_, at)) return at;
    }
    return end;
  }

  void add_break(uint32_t offset) {
    scan_.breaks.push_back(is_open_ ? commit_.begin : offset);
    is_open_ = false;
  }

  void take(const Frame& frame, uint32_t offset) {
    switch (frame.kind) {
      case FrameKind::kSegmentHeader:
        scan_.header = decode_segment_header(frame.payload);
        return;
      case FrameKind::kFull:
      case FrameKind::kFirst:
        if (is_open_) scan_.breaks.push_back(commit_.begin);
        commit_ = {.begin = offset, .entries = std::string(frame.payload)};
        is_open_ = true;
        if (frame.kind == FrameKind::kFull) finish(frame.end);
        return;
      case FrameKind::kMiddle:
      case FrameKind::kLast:
        if (!is_open_) return;  // its begin was lost in a break, which is noted
        commit_.entries += frame.payload;
        if (frame.kind == FrameKind::kLast) finish(frame.end);
        return;
    }
  }

  void finish(uint32_t end) {
    is_open_ = false;
    ByteReader reader(commit_.entries);
    commit_.durable = WalPosition::unpack(reader.fixed<uint64_t>());
    if (!reader.ok()) {
      scan_.breaks.push_back(commit_.begin);
      return;
    }
    commit_.entries.erase(0, kCommitHeaderBytes);
    commit_.end = end;
    scan_.commits.push_back(std::move(commit_));
  }

  std::string_view bytes_;
  uint32_t number_;
  SegmentScan scan_;
  ScannedCommit commit_;  // while is_open_: its first frames
  bool is_open_ = false;
};

}  // namespace

uint64_t commit_bytes(uint32_t offset, uint64_t entries_bytes) {
  return framed_bytes(offset, kCommitHeaderBytes + entries_bytes);
}

void append_commit(std::string& out, WalPosition at, WalPosition durable, std::string_view entries) {
  std::string payload;
  payload.reserve(kCommitHeaderBytes + entries.size());
  put_fixed(payload, durable.packed());
  payload += entries;
  std::string_view rest = payload;
  uint32_t offset = at.offset;
  bool is_first = true;
  do {
    const uint32_t begin = next_frame(offset);
    out.append(begin - offset, '\0');
    const size_t taken = std::min<size_t>(rest.size(), left_in_block(begin) - kFrameHeaderBytes);
    const bool is_last = taken == rest.size();
    const FrameKind kind =
        is_first ? (is_last ? FrameKind::kFull : FrameKind::kFirst) : (is_last ? FrameKind::kLast : FrameKind::kMiddle);
    append_frame(out, at.segment, begin, kind, rest.substr(0, taken));
    rest.remove_prefix(taken);
    offset = begin + kFrameHeaderBytes + static_cast<uint32_t>(taken);
    is_first = false;
  } while (!rest.empty());
}

std::string encode_segment_header(const SegmentHeader& header) {
  std::string payload(kMagic);
  put_fixed(payload, header.version);
  put_fixed(payload, header.number);
  put_fixed(payload, header.previous_intact_bytes);
  std::string out;
  append_frame(out, header.number, 0, FrameKind::kSegmentHeader, payload);
  return out;
}

SegmentScan scan_segment(std::string_view bytes, uint32_t number) { return Scanner(bytes, number).run(); }

}  // namespace ms::storage
