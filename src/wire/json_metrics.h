// Metrics as JSON, for clients written by hand.
//
//     {"metrics":[{"name":"cpu_usage","value":75.5,"type":"gauge","timestamp":1732363200000,"tags":{"host":"a"}}, ...]}
//
// A top-level array of metrics and a single metric are the same without the wrapping. Of a metric's fields
//
//     name       a string; required
//     value      a number, or one of the strings "NaN", "+Inf", "Inf", "-Inf"; required
//     timestamp  whole milliseconds since 1970; absent: the time of arrival
//     type       "counter", "gauge", "histogram" or "summary"; kept as metadata, and has no part in the series
//     tags       an object of strings; "labels" is the same
//
// those that are optional may also be null. Other fields are ignored, in a metric and beside "metrics", so that a
// client may send what a later server understands. A field twice is refused, since parsers disagree on which one
// counts.
//
// Each metric stands alone: one that is at fault is a rejection, by its place in the array, and the others are kept. A
// timestamp that looks like seconds is such a fault here, unlike in remote write: see model::looks_like_seconds.
#pragma once

#include <cstddef>
#include <string>

#include "base/error.h"
#include "model/write_batch.h"

namespace ms::wire {

// What the parser holds beside the body for each byte of it, at most: four in simdjson's index of the document, one in
// strings with their escapes resolved, and one in raw labels.
inline constexpr size_t kJsonParserBytesPerByte = 6;

// The body is parsed where it lies: it is copied only where it has no capacity for the few bytes that simdjson reads
// beyond its end. The raw labels of the batch are those of wire/json_labels.h: what is wrong with tags beyond their
// being strings, like one given twice, their decoder finds. kInvalid: not JSON, or none of the three shapes; the
// message says what was found, and where. kTooLarge: more than context.decoded_bytes_max.
Result<model::WriteBatch> parse_json_metrics(std::string body, const model::ParseContext& context);

}  // namespace ms::wire
