// Arbitrary bytes as a segment, and a valid segment with arbitrary changes: reading is total, and invents nothing.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "model/labels.h"
#include "storage/wal_entries.h"
#include "storage/wal_format.h"

namespace {

using namespace ms::storage;

constexpr uint32_t kSegment = 1;

void require(bool is_true) {
  if (!is_true) std::abort();
}

// Checks what decode_entries promises.
class Checker final : public EntryVisitor {
 public:
  void on_series(SeriesRef ref, std::string_view label_bytes) override {
    require(ref != kNoSeries && ms::model::are_label_bytes(label_bytes));
  }
  void on_samples(std::span<const SeriesRef> refs, std::span<const int64_t> timestamps_ms,
                  std::span<const double> values) override {
    require(!refs.empty() && refs.size() <= kSamplesPerEntryMax);
    require(refs.size() == timestamps_ms.size() && refs.size() == values.size());
    for (const SeriesRef ref : refs) require(ref != kNoSeries);
  }
  void on_metadata(const ms::model::Metadata& /*metadata*/) override {}
};

// `bytes` in pieces, each a commit of a valid segment.
std::string frame(std::string_view bytes) {
  std::string segment = encode_segment_header({.number = kSegment});
  while (!bytes.empty()) {
    const size_t count = std::min<size_t>(bytes.size(), 1 + static_cast<uint8_t>(bytes[0]) * 16);
    append_commit(segment, {.segment = kSegment, .offset = static_cast<uint32_t>(segment.size())}, {},
                  bytes.substr(0, count));
    bytes.remove_prefix(count);
  }
  return segment;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Checker checker;
  for (const ScannedCommit& commit : scan_segment(bytes, kSegment).commits) {
    require(commit.begin < commit.end && commit.end <= size);
    static_cast<void>(decode_entries(commit.entries, checker));
  }
  static_cast<void>(decode_entries(bytes, checker));

  // The first four bytes choose a place to change; the rest is what the commits hold.
  ms::ByteReader reader(bytes);
  const auto place = reader.fixed<uint32_t>();
  std::string segment = frame(reader.bytes(reader.remaining()));
  const SegmentScan clean = scan_segment(segment, kSegment);
  require(clean.breaks.empty() && clean.header);
  segment[place % segment.size()] ^= 1;
  for (const ScannedCommit& commit : scan_segment(segment, kSegment).commits) {
    bool is_known = false;
    for (const ScannedCommit& known : clean.commits) {
      is_known |= known.begin == commit.begin && known.entries == commit.entries;
    }
    require(is_known);
  }
  return 0;
}
