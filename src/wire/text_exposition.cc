#include "wire/text_exposition.h"

#include <array>
#include <charconv>
#include <cmath>

namespace ms::wire {
namespace {

std::string_view name_of(model::MetricType type) {
  switch (type) {
    case model::MetricType::kCounter:
      return "counter";
    case model::MetricType::kGauge:
      return "gauge";
    case model::MetricType::kHistogram:
      return "histogram";
    case model::MetricType::kSummary:
      return "summary";
    case model::MetricType::kUnknown:
    case model::MetricType::kGaugeHistogram:
    case model::MetricType::kInfo:
    case model::MetricType::kStateset:
      break;
  }
  return "untyped";
}

// Unlike a label's value, a help text keeps its quotes.
void append_help(std::string& out, std::string_view help) {
  for (const char c : help) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
}

// As Go's strconv.FormatFloat(value, 'g', -1, 64): the shortest digits that read back the same, with an exponent where
// that is below -4 or above 5.
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

}  // namespace

void TextExposition::metric(std::string_view name, model::MetricType type, std::string_view help) {
  name_ = name;
  text_ += "# HELP ";
  text_ += name;
  text_ += ' ';
  append_help(text_, help);
  text_ += "\n# TYPE ";
  text_ += name;
  text_ += ' ';
  text_ += name_of(type);
  text_ += '\n';
}

void TextExposition::sample(double value, Labels labels) { line("", labels, nullptr, value); }

void TextExposition::histogram(std::span<const double> upper_bounds, std::span<const uint64_t> counts, double sum,
                               Labels labels) {
  uint64_t cumulative = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    cumulative += counts[i];
    std::string bound;
    append_number(bound, i < upper_bounds.size() ? upper_bounds[i] : HUGE_VAL);
    const model::Label le = {"le", bound};
    line("_bucket", labels, &le, static_cast<double>(cumulative));
  }
  line("_sum", labels, nullptr, sum);
  line("_count", labels, nullptr, static_cast<double>(cumulative));
}

void TextExposition::line(std::string_view suffix, Labels labels, const model::Label* last_label, double value) {
  text_ += name_;
  text_ += suffix;
  char separator = '{';
  const auto append_label = [&](const model::Label& label) {
    text_ += separator;
    text_ += label.name;
    text_ += "=\"";
    model::append_escaped(text_, label.value);
    text_ += '"';
    separator = ',';
  };
  for (const model::Label& label : labels) append_label(label);
  if (last_label != nullptr) append_label(*last_label);
  if (separator == ',') text_ += '}';
  text_ += ' ';
  append_number(text_, value);
  text_ += '\n';
}

}  // namespace ms::wire
