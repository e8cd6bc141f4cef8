#include "base/json_builder.h"

#include <array>
#include <charconv>
#include <cmath>

#include "base/json_string.h"

namespace ms {

JsonBuilder& JsonBuilder::key(std::string_view name) {
  separate();
  append_json_string(out_, name);
  out_ += ':';
  needs_comma_ = false;
  return *this;
}

void JsonBuilder::text(std::string_view value) {
  separate();
  append_json_string(out_, value);
}

void JsonBuilder::integer(uint64_t value) {
  separate();
  std::array<char, 20> digits;
  out_.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

void JsonBuilder::boolean(bool value) {
  separate();
  out_ += value ? "true" : "false";
}

void JsonBuilder::null() {
  separate();
  out_ += "null";
}

void JsonBuilder::decimal(uint64_t value, unsigned digits) {
  uint64_t unit = 1;
  for (unsigned i = 0; i < digits; ++i) unit *= 10;
  integer(value / unit);
  uint64_t rest = value % unit;
  if (rest == 0) return;
  out_ += '.';
  while (rest != 0) {
    unit /= 10;
    out_ += static_cast<char>('0' + rest / unit);
    rest %= unit;
  }
}

void JsonBuilder::real(double value) {
  if (!(value >= 0 && value <= kRealMax)) return null();
  decimal(static_cast<uint64_t>(std::llround(value * 1000)), 3);
}

void JsonBuilder::moment(uint64_t nanoseconds) {
  if (nanoseconds == 0) {
    null();
  } else {
    integer(nanoseconds);
  }
}

void JsonBuilder::separate() {
  if (needs_comma_) out_ += ',';
  needs_comma_ = true;
}

void JsonBuilder::begin(char bracket) {
  separate();
  out_ += bracket;
  needs_comma_ = false;
}

void JsonBuilder::end(char bracket) {
  out_ += bracket;
  needs_comma_ = true;
}

}  // namespace ms
