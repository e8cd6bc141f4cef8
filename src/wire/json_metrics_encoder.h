// Metrics as JSON as a client encodes them; wire/json_metrics.h has the format.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "model/labels.h"

namespace ms::wire {

// What is the same in each sample of a series: `{"name":"cpu","tags":{"host":"a"},`. The label __name__ is the name.
std::string encode_json_series(std::span<const model::Label> labels);

// Appends a metric: the series from encode_json_series, and one sample of it. `value` is finite, and written with the
// shortest digits that give it back.
void append_json_metric(std::string& out, std::string_view series, int64_t timestamp_ms, double value);

}  // namespace ms::wire
