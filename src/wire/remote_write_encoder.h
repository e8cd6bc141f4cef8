// Prometheus remote write 1.0 as a client encodes it: a WriteRequest in a snappy block. wire/remote_write.h draws the
// message.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "model/labels.h"

namespace ms::wire {

struct TimedValue {
  int64_t timestamp_ms = 0;
  double value = 0;
};

// The Label fields of a TimeSeries, in the order of `labels`. Receivers expect them sorted by name.
std::string encode_label_fields(std::span<const model::Label> labels);

// Appends a TimeSeries to the WriteRequest `message`.
void append_time_series(std::string& message, std::string_view label_fields, std::span<const TimedValue> samples);

std::string compress_snappy(std::string_view message);

}  // namespace ms::wire
