// Prometheus remote write 1.0: a protocol buffer message in a snappy block.
//
//     WriteRequest   = { 1: TimeSeries*   3: MetricMetadata* }
//     TimeSeries     = { 1: Label*  2: Sample*  3: Exemplar*  4: Histogram* }
//     Label          = { 1: name    2: value }
//     Sample         = { 1: value, a double   2: timestamp, an int64 of Unix milliseconds }
//     MetricMetadata = { 1: type    2: metric family name   4: help   5: unit }
//
// The batch keeps the decompressed body as its bytes, and the raw labels of a series are the Label fields of its
// TimeSeries, tags and sizes included, just as they lie there. Senders write them one behind the other; where they do
// not, a contiguous copy is put behind the body.
//
// Exemplars and unknown fields are skipped. A series keeps its good samples and loses those with a timestamp later than
// the limit and its native histograms; each series that loses something is one rejection. Specification:
// https://prometheus.io/docs/specs/prw/remote_write_spec/
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "model/write_batch.h"

namespace ms::wire {

// Snappy makes at most 21 bytes of one; a body that claims more than this many is lying, and is refused before
// anything is allocated.
inline constexpr uint64_t kSnappyRatioMax = 24;

// Bounds what a body of two-byte samples can make us allocate. An honest sample has nine bytes or more, so that no
// honest body of 64 MiB comes near.
inline constexpr size_t kSamplesMax = 8u << 20;
inline constexpr size_t kMetadataMax = 100'000;

// How many bytes a snappy block says it decodes to, which is what decoding it allocates. kInvalid: not a snappy block,
// or a claim above kSnappyRatioMax; kTooLarge: more than context.decoded_bytes_max.
Result<size_t> find_decoded_bytes(std::string_view body, const model::ParseContext& context);

// kInvalid: not a snappy block, a claim above kSnappyRatioMax, not a WriteRequest. kTooLarge: more than
// context.decoded_bytes_max (itself at most 1 GiB), kSamplesMax or kMetadataMax. Nothing is kept of a body that is
// refused.
Result<model::WriteBatch> parse_remote_write(std::string_view body, const model::ParseContext& context);

// The same for a message that is decompressed already.
Result<model::WriteBatch> parse_write_request(std::string message, const model::ParseContext& context);

}  // namespace ms::wire
