#include "promql/number.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>

#include "base/ascii.h"

namespace ms::promql {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::optional<double> parse_decimal(std::string_view text) {
  // from_chars takes words such as "nan(1)" too.
  if (text.empty() || (!is_digit(text[0]) && text[0] != '.')) return std::nullopt;
  double value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (stop != text.data() + text.size() || error == std::errc::invalid_argument) return std::nullopt;
  // from_chars does not say whether the number is too large or too small.
  if (error == std::errc::result_out_of_range) value = std::strtod(std::string(text).c_str(), nullptr);
  if (std::isinf(value)) return std::nullopt;
  return value;
}

std::optional<double> parse_integer(std::string_view digits, int base) {
  uint64_t value = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (stop != digits.data() + digits.size() || error != std::errc{} || value > INT64_MAX) return std::nullopt;
  return static_cast<double>(value);
}

}  // namespace

std::optional<double> parse_number(std::string_view text) {
  const bool is_signed = text.starts_with('-') || text.starts_with('+');
  const double sign = text.starts_with('-') ? -1 : 1;
  if (is_signed) text.remove_prefix(1);
  if (equals_ignoring_case(text, "inf") || equals_ignoring_case(text, "infinity")) {
    return sign * std::numeric_limits<double>::infinity();
  }
  if (equals_ignoring_case(text, "nan")) {
    if (is_signed) return std::nullopt;
    return std::numeric_limits<double>::quiet_NaN();
  }
  const auto value = parse_decimal(text);
  if (!value) return std::nullopt;
  return std::copysign(*value, sign);
}

std::optional<double> parse_number_literal(std::string_view text) {
  if (text.starts_with("0x") || text.starts_with("0X")) return parse_integer(text.substr(2), 16);
  if (text.starts_with('0')) {
    if (const auto octal = parse_integer(text, 8)) return octal;
  }
  return parse_number(text);
}

}  // namespace ms::promql
