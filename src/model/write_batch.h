// WriteBatch: the one shape that every ingestion protocol produces and that storage takes.
//
//     bytes:    [raw labels of series 0][raw labels of series 1] ...     (one buffer, owned)
//     series:   {labels_offset, labels_bytes, sample_begin, sample_end, index}, ...
//     samples:  timestamps_ms[], values[]                                 (columns; a series owns a contiguous range)
//
// Labels stay in the *raw* form in which the protocol wrote them: a series that the store knows is found by one hash
// and one compare of those bytes, and only an unknown one is decoded, by `decode_labels`, into the canonical label
// bytes of model/labels.h. So the hot path neither sorts nor allocates for a sample.
//
// A plain value, confined to one thread at a time; it is moved from parser to store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace ms::model {

// A pure function from a protocol's raw label bytes to canonical label bytes (model/labels.h), checked against its
// limits. It is part of the identity of a raw form: the same bytes under another decoder are another key.
using LabelDecoder = Result<std::string> (*)(std::string_view raw_labels);

// One series of a batch and its samples, [sample_begin, sample_end) of the columns.
struct SeriesSlice {
  uint32_t labels_offset = 0;
  uint32_t labels_bytes = 0;
  uint32_t sample_begin = 0;
  uint32_t sample_end = 0;
  uint32_t index = 0;  // its place in the request, from 0: what an error message names
};

// As in Prometheus' and OpenMetrics' metadata. The numbers are written to disk: append, never renumber.
enum class MetricType : uint8_t { kUnknown, kCounter, kGauge, kHistogram, kSummary, kGaugeHistogram, kInfo, kStateset };

// Of a metric's name, its help, and its unit each.
inline constexpr size_t kMetadataTextBytesMax = 4096;

// What a request says of a metric, apart from its samples.
struct Metadata {
  std::string metric;
  MetricType type = MetricType::kUnknown;
  std::string help;
  std::string unit;

  // Cuts each text to kMetadataTextBytesMax, between characters.
  void clip();

  bool operator==(const Metadata&) const = default;
};

// Something of the request that was not taken, and why; the rest of the request is.
struct Rejection {
  uint32_t index = 0;  // of the series (remote write) or metric (JSON) in the request
  std::string reason;
};

// The rejections of one request: all are counted, the first ten told.
struct Rejections {
  static constexpr size_t kToldMax = 10;

  void add(uint32_t index, uint64_t samples_lost, std::string reason) {
    ++count;
    samples += samples_lost;
    if (is_next_told()) told.push_back({index, std::move(reason)});
  }

  // Whether the next reason will be told: the caller need not write one that will not.
  bool is_next_told() const { return told.size() < kToldMax; }

  uint64_t count = 0;    // series or metrics
  uint64_t samples = 0;  // samples in them
  std::vector<Rejection> told;
};

struct WriteBatch {
  LabelDecoder decode_labels = nullptr;
  std::string bytes;
  std::vector<SeriesSlice> series;
  std::vector<int64_t> timestamps_ms;
  std::vector<double> values;  // bit for bit as sent: NaN payloads are data
  std::vector<Metadata> metadata;
  Rejections rejections;

  std::string_view raw_labels(const SeriesSlice& slice) const {
    return std::string_view(bytes).substr(slice.labels_offset, slice.labels_bytes);
  }
  size_t sample_count() const { return values.size(); }
};

// What a parser needs to know besides the bytes; time is a parameter, so that parsers stay pure.
struct ParseContext {
  int64_t arrival_ms = 0;                // the timestamp of a sample that carries none; Unix milliseconds
  int64_t timestamp_ms_max = 0;          // samples later than this are rejected
  size_t decoded_bytes_max = 64u << 20;  // of a body once decompressed; more is kTooLarge
};

// Why a timestamp that the caller has found later than the limit is refused, with a hint where it looks like micro- or
// nanoseconds.
std::string describe_future_timestamp(int64_t timestamp_ms, const ParseContext& context);

// Whether a number is a date between 2001-09-09 and the limit if read as seconds. Read as milliseconds it lies in
// January 1970, when nobody measured: a protocol whose clients are written by hand refuses it with a hint, rather than
// acknowledge a sample that nobody will find again.
bool looks_like_seconds(int64_t timestamp_ms, const ParseContext& context);

}  // namespace ms::model
