#include "wire/json_writer.h"

#include <charconv>
#include <cmath>
#include <cstddef>

#include "base/json_string.h"
#include "model/labels.h"

namespace ms::wire {
namespace {

constexpr size_t kScientificBytesMax = 32;  // "-1.7976931348623157e+308" has 24

// A finite number, shortest digits, as Go's strconv.FormatFloat(value, 'e', -1, 64).
struct Scientific {
  explicit Scientific(double value)
      : end(std::to_chars(bytes, bytes + sizeof bytes, value, std::chars_format::scientific).ptr) {}
  std::string_view text() const { return {bytes, static_cast<size_t>(end - bytes)}; }

  char bytes[kScientificBytesMax];
  char* end;
};

// A finite number in fixed notation, made from its scientific one.
void append_fixed_slowly(std::string& out, double value) {
  const Scientific scientific(value);
  std::string_view text = scientific.text();
  if (text.starts_with('-')) {
    out += '-';
    text.remove_prefix(1);
  }
  const size_t e = text.find('e');
  const char first = text[0];
  const std::string_view rest = e > 1 ? text.substr(2, e - 2) : std::string_view();  // the digits after the point
  const char* const exponent_begin = text.data() + e + (text[e + 1] == '+' ? 2 : 1);
  int exponent = 0;
  std::from_chars(exponent_begin, text.data() + text.size(), exponent);

  if (exponent < 0) {
    out += "0.";
    out.append(static_cast<size_t>(-exponent - 1), '0');
    out += first;
    out += rest;
    return;
  }
  const auto whole = static_cast<size_t>(exponent);  // how many of `rest` stand before the point
  out += first;
  out += rest.substr(0, whole);
  if (whole >= rest.size()) {
    out.append(whole - rest.size(), '0');
  } else {
    out += '.';
    out += rest.substr(whole);
  }
}

// A finite number, shortest digits, as Go's FormatFloat(value, 'f', -1, 64). From 2^53 on std::to_chars writes all
// digits of the double, where Go fills up with zeros; below 1e-6 a number may be longer than a small buffer.
void append_fixed(std::string& out, double value) {
  const double magnitude = std::abs(value);
  if (magnitude < 1e-6 || magnitude >= 0x1p53) return append_fixed_slowly(out, value);
  char digits[32];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value, std::chars_format::fixed).ptr);
}

// Whether it is none of the finite numbers, and then its word.
bool append_word(std::string& out, double value) {
  if (std::isfinite(value)) return false;
  out += std::isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
  return true;
}

void append_value(std::string& out, double value) {
  if (append_word(out, value)) return;
  const double magnitude = std::abs(value);
  if (magnitude != 0 && (magnitude < 1e-6 || magnitude >= 1e21)) {
    out += Scientific(value).text();
  } else {
    append_fixed(out, value);
  }
}

void append_decimal(std::string& out, uint64_t value) {
  char digits[20];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

void append_seconds(std::string& out, int64_t timestamp_ms) {
  if (timestamp_ms < 0) out += '-';
  const auto magnitude = timestamp_ms < 0 ? -static_cast<uint64_t>(timestamp_ms) : static_cast<uint64_t>(timestamp_ms);
  append_decimal(out, magnitude / 1000);
  const uint64_t fraction = magnitude % 1000;
  if (fraction == 0) return;
  const auto digit = [](uint64_t value) { return static_cast<char>('0' + value % 10); };
  const char decimals[] = {'.', digit(fraction / 100), digit(fraction / 10), digit(fraction)};
  out.append(decimals, sizeof decimals);
}

}  // namespace

void append_json_labels(std::string& out, std::string_view label_bytes) {
  out += '{';
  const char* separator = "";
  model::LabelReader reader(label_bytes);
  while (const auto label = reader.next()) {
    out += separator;
    separator = ",";
    append_json_string(out, label->name);
    out += ':';
    append_json_string(out, label->value);
  }
  out += '}';
}

void append_json_sample(std::string& out, int64_t timestamp_ms, double value) {
  out += '[';
  append_seconds(out, timestamp_ms);
  out += ",\"";
  append_value(out, value);
  out += "\"]";
}

void append_json_scalar(std::string& out, int64_t timestamp_ms, double value) {
  out += '[';
  append_fixed(out, static_cast<double>(timestamp_ms) / 1000);
  out += ",\"";
  if (!append_word(out, value)) append_fixed(out, value);
  out += "\"]";
}

}  // namespace ms::wire
