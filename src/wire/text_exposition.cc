#include "wire/text_exposition.h"

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

}  // namespace

void TextExposition::begin_metric(std::string_view name, model::MetricType type, std::string_view help) {
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

void TextExposition::add_sample(std::string_view name, Labels labels, double value) {
  text_ += name;
  char separator = '{';
  for (const model::Label& label : labels) {
    text_ += separator;
    text_ += label.name;
    text_ += "=\"";
    model::append_escaped(text_, label.value);
    text_ += '"';
    separator = ',';
  }
  if (separator == ',') text_ += '}';
  text_ += ' ';
  append_number(text_, value);
  text_ += '\n';
}

}  // namespace ms::wire
