#include "wire/exposition.h"

#include <array>
#include <charconv>
#include <cmath>
#include <vector>

namespace ms::wire {

void Exposition::metric(std::string_view name, model::MetricType type, std::string_view help) {
  name_ = name;
  begin_metric(name, type, help);
}

void Exposition::histogram(std::span<const double> upper_bounds, std::span<const uint64_t> counts, double sum,
                           Labels labels) {
  const std::string bucket_name = name_ + "_bucket";
  std::vector<model::Label> bucket_labels(labels.begin(), labels.end());
  bucket_labels.emplace_back();
  uint64_t cumulative = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    cumulative += counts[i];
    std::string bound;
    append_number(bound, i < upper_bounds.size() ? upper_bounds[i] : HUGE_VAL);
    bucket_labels.back() = {"le", bound};
    add_sample(bucket_name, bucket_labels, static_cast<double>(cumulative));
  }
  add_sample(name_ + "_sum", labels, sum);
  add_sample(name_ + "_count", labels, static_cast<double>(cumulative));
}

void append_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else {
    std::array<char, 32> text;
    const double magnitude = std::abs(value);
    const bool is_plain = magnitude == 0 || (magnitude >= 1e-4 && magnitude < 1e6);
    const auto format = is_plain ? std::chars_format::fixed : std::chars_format::scientific;
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value, format).ptr;
    out.append(text.data(), end);
  }
}

}  // namespace ms::wire
