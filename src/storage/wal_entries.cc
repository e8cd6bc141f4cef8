#include "storage/wal_entries.h"

#include <limits>
#include <vector>

#include "base/bytes.h"
#include "model/labels.h"

namespace ms::storage {
namespace {

enum class EntryKind : uint8_t { kSeries = 1, kSamples = 2, kMetadata = 3 };

void put_kind(std::string& out, EntryKind kind) { out += static_cast<char>(kind); }

void put_sized(std::string& out, std::string_view bytes) {
  put_varint(out, bytes.size());
  out += bytes;
}

// Writes the columns of a samples entry at `out`, which has room for the largest ones, and returns the end.
char* write_columns(char* out, std::span<const SeriesRef> refs, std::span<const int64_t> timestamps_ms,
                    std::span<const double> values) {
  int64_t previous_ref = 0;
  for (const SeriesRef ref : refs) {
    out = write_varint(out, zigzag(static_cast<int64_t>(ref) - previous_ref));
    previous_ref = ref;
  }
  uint64_t previous_ms = 0;
  for (const int64_t timestamp_ms : timestamps_ms) {
    const auto now_ms = static_cast<uint64_t>(timestamp_ms);
    out = write_varint(out, zigzag(static_cast<int64_t>(now_ms - previous_ms)));
    previous_ms = now_ms;
  }
  std::memcpy(out, values.data(), values.size_bytes());
  return out + values.size_bytes();
}

class EntryDecoder {
 public:
  EntryDecoder(std::string_view entries, EntryVisitor& visitor) : reader_(entries), visitor_(visitor) {}

  bool decode_one() {
    switch (static_cast<EntryKind>(reader_.fixed<uint8_t>())) {
      case EntryKind::kSeries:
        return decode_series();
      case EntryKind::kSamples:
        return decode_samples();
      case EntryKind::kMetadata:
        return decode_metadata();
    }
    return false;
  }
  bool is_done() const { return reader_.empty(); }
  size_t remaining() const { return reader_.remaining(); }

 private:
  bool decode_series() {
    const uint64_t ref = reader_.varint();
    const std::string_view label_bytes = reader_.sized_bytes();
    if (!reader_.ok() || !is_ref(ref) || !model::are_label_bytes(label_bytes)) return false;
    visitor_.on_series(static_cast<SeriesRef>(ref), label_bytes);
    return true;
  }

  bool decode_samples() {
    const uint64_t count = reader_.varint();
    if (!reader_.ok() || count == 0 || count > kSamplesPerEntryMax) return false;
    refs_.resize(count);
    timestamps_ms_.resize(count);
    values_.resize(count);
    uint64_t ref = 0;
    for (SeriesRef& slot : refs_) {
      ref += static_cast<uint64_t>(unzigzag(reader_.varint()));
      if (!is_ref(ref)) return false;
      slot = static_cast<SeriesRef>(ref);
    }
    uint64_t timestamp_ms = 0;
    for (int64_t& slot : timestamps_ms_) {
      timestamp_ms += static_cast<uint64_t>(unzigzag(reader_.varint()));
      slot = static_cast<int64_t>(timestamp_ms);
    }
    const std::string_view raw = reader_.bytes(count * sizeof(double));
    if (!reader_.ok()) return false;
    std::memcpy(values_.data(), raw.data(), raw.size());
    visitor_.on_samples(refs_, timestamps_ms_, values_);
    return true;
  }

  bool decode_metadata() {
    model::Metadata metadata;
    metadata.metric = reader_.sized_bytes();
    const auto type = reader_.fixed<uint8_t>();
    metadata.help = reader_.sized_bytes();
    metadata.unit = reader_.sized_bytes();
    if (!reader_.ok()) return false;
    metadata.type = static_cast<model::MetricType>(type);
    visitor_.on_metadata(metadata);
    return true;
  }

  static bool is_ref(uint64_t ref) { return ref != kNoSeries && ref < std::numeric_limits<SeriesRef>::max(); }

  ByteReader reader_;
  EntryVisitor& visitor_;
  std::vector<SeriesRef> refs_;
  std::vector<int64_t> timestamps_ms_;
  std::vector<double> values_;
};

}  // namespace

void append_series_entry(std::string& out, SeriesRef ref, std::string_view label_bytes) {
  put_kind(out, EntryKind::kSeries);
  put_varint(out, ref);
  put_sized(out, label_bytes);
}

void append_samples_entry(std::string& out, std::span<const SeriesRef> refs, std::span<const int64_t> timestamps_ms,
                          std::span<const double> values) {
  put_kind(out, EntryKind::kSamples);
  put_varint(out, refs.size());
  const size_t begin = out.size();
  const size_t bytes_max = refs.size() * (2 * kVarintBytesMax + sizeof(double));
  out.resize_and_overwrite(begin + bytes_max, [&](char* place, size_t) {
    const char* const end = write_columns(place + begin, refs, timestamps_ms, values);
    return static_cast<size_t>(end - place);
  });
}

void append_metadata_entry(std::string& out, const model::Metadata& metadata) {
  put_kind(out, EntryKind::kMetadata);
  put_sized(out, metadata.metric);
  put_fixed(out, static_cast<uint8_t>(metadata.type));
  put_sized(out, metadata.help);
  put_sized(out, metadata.unit);
}

Result<void> decode_entries(std::string_view entries, EntryVisitor& visitor) {
  EntryDecoder decoder(entries, visitor);
  while (!decoder.is_done()) {
    const size_t offset = entries.size() - decoder.remaining();
    if (!decoder.decode_one()) {
      return fail(ErrorCode::kInvalid, "entry at byte " + std::to_string(offset) + " of the commit does not decode");
    }
  }
  return {};
}

}  // namespace ms::storage
