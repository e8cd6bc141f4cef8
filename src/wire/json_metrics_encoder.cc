#include "wire/json_metrics_encoder.h"

#include <array>
#include <charconv>

#include "base/json_string.h"

namespace ms::wire {
namespace {

template <class Number>
void append_number(std::string& out, Number number) {
  std::array<char, 32> digits;  // a double takes 24 at most
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

}  // namespace

std::string encode_json_series(std::span<const model::Label> labels) {
  std::string name;
  std::string tags;
  for (const model::Label& label : labels) {
    if (label.name == model::kMetricName) {
      append_json_string(name, label.value);
      continue;
    }
    if (!tags.empty()) tags += ',';
    append_json_string(tags, label.name);
    tags += ':';
    append_json_string(tags, label.value);
  }
  return "{\"name\":" + name + ",\"tags\":{" + tags + "},";
}

void append_json_metric(std::string& out, std::string_view series, int64_t timestamp_ms, double value) {
  out += series;
  out += "\"timestamp\":";
  append_number(out, timestamp_ms);
  out += ",\"value\":";
  append_number(out, value);
  out += '}';
}

}  // namespace ms::wire
