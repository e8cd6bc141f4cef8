// Numbers as Go reads them, since that is how Prometheus reads the numbers of queries and of URL parameters.
#pragma once

#include <optional>
#include <string_view>

namespace ms::promql {

// strconv.ParseFloat in its decimal forms: an optional sign, then digits with a point and an exponent, or Inf, Infinity
// or NaN in any case. All of `text` or nothing. Too large for a double: nothing; too small: zero.
std::optional<double> parse_number(std::string_view text);

// A number literal of PromQL, which bears no sign: the above, and whole numbers in hexadecimal (0x1F) and, with a
// leading zero, in octal (010 is 8; 08 is 8, too).
std::optional<double> parse_number_literal(std::string_view text);

}  // namespace ms::promql
