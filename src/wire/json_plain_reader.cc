#include "wire/json_plain_reader.h"

#include <array>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <system_error>

#include "wire/json_metric.h"

namespace ms::wire {
namespace {

// Bit 7 of the first byte, in memory order, that ends a plain run within a string: a quote, a backslash, a control
// character, one that is not ASCII. Bits above that one may be wrong. (Hacker's Delight, section 6-1.)
uint64_t find_special(uint64_t bytes) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHighBits = 0x80 * kOnes;
  const uint64_t quote = bytes ^ (kOnes * '"');
  const uint64_t backslash = bytes ^ (kOnes * '\\');
  const uint64_t ends = ((quote - kOnes) & ~quote) | ((backslash - kOnes) & ~backslash) | (bytes - kOnes * ' ') | bytes;
  return ends & kHighBits;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Every read gives false where what stands there is not plain, or does not end within the body. Nothing is moved over
// the end: the spaces of the padding are part of no token, so that single bytes may be looked at without regard to it.
class PlainReader {
 public:
  PlainReader(std::string_view body, const model::ParseContext& context)
      : at_(body.data()), end_(body.data() + body.size()), context_(context), batch_(body.size()) {}

  std::optional<model::WriteBatch> read() {
    if (!read_body()) return std::nullopt;
    skip_space();
    if (at_ != end_) return std::nullopt;
    return batch_.take();
  }

 private:
  bool read_body() {
    const char* const begin = at_;
    if (take('[')) return read_rest_of_array();
    std::string_view key;
    if (!take('{') || !read_string(key)) return false;
    if (key == "metrics") return take(':') && take('[') && read_rest_of_array() && take('}');
    at_ = begin;
    return read_metric();
  }

  bool read_rest_of_array() {
    if (take(']')) return true;
    do {
      if (!read_metric()) return false;
    } while (take(','));
    return take(']');
  }

  bool read_metric() {
    if (!take('{')) return false;
    JsonMetric metric{.timestamp_ms = context_.arrival_ms};
    unsigned seen = 0;
    do {
      if (!take('"')) return false;
      const JsonFieldName* const known = find_json_field(at_);
      if (known == nullptr) return false;
      at_ += known->key.size() + 1;
      const auto field = static_cast<unsigned>(known->field);
      if ((seen & field) != 0 || !take(':') || !read_field(known->field, metric)) return false;
      seen |= field;
    } while (take(','));
    constexpr unsigned kNeeded = static_cast<unsigned>(JsonField::kName) | static_cast<unsigned>(JsonField::kValue);
    if (!take('}') || (seen & kNeeded) != kNeeded) return false;
    batch_.add(metric);
    return true;
  }

  bool read_field(JsonField field, JsonMetric& metric) {
    switch (field) {
      case JsonField::kName:
        return read_name(metric);
      case JsonField::kValue:
        return read_value(metric.value);
      case JsonField::kTimestamp:
        return read_timestamp(metric.timestamp_ms);
      case JsonField::kType:
        return read_type(metric.type);
      case JsonField::kTags:
        return read_tags(metric.tags);
    }
    return false;
  }

  bool read_name(JsonMetric& metric) {
    if (!read_string(metric.name) || metric.name.empty()) return false;
    metric.name_token = {metric.name.data() - 1, metric.name.size() + 2};
    return true;
  }

  bool read_type(std::optional<model::MetricType>& type) {
    std::string_view text;
    if (!read_string(text)) return false;
    type = find_json_type(text);
    return type.has_value();
  }

  bool read_timestamp(int64_t& timestamp_ms) {
    skip_space();
    const char* const begin = at_;
    uint64_t number = 0;
    const size_t digits = read_digits(number);
    if (digits == 0 || digits > kDigits64 || (digits > 1 && *begin == '0') || is_within_number(*at_)) return false;
    timestamp_ms = static_cast<int64_t>(number);
    return timestamp_ms <= context_.timestamp_ms_max && !model::looks_like_seconds(timestamp_ms, context_);
  }

  bool read_value(double& value) {
    skip_space();
    if (*at_ != '"') return read_number(value);
    std::string_view text;
    if (!read_string(text)) return false;
    const auto number = find_special_number(text);
    value = number.value_or(0);
    return number.has_value();
  }

  // RFC 8259 section 6: number = [ minus ] int [ frac ] [ exp ]
  bool read_number(double& number) {
    const char* const begin = at_;
    const bool is_negative = *at_ == '-';
    if (is_negative) ++at_;
    const char* const first = at_;
    uint64_t digits = 0;
    const size_t whole = read_digits(digits);
    if (whole == 0 || (whole > 1 && *first == '0')) return false;
    size_t decimals = 0;
    if (*at_ == '.') {
      ++at_;
      decimals = read_digits(digits);
      if (decimals == 0) return false;
    }
    if (*at_ == 'e' || *at_ == 'E') {
      if (!skip_exponent()) return false;
    } else if (whole + decimals <= kDigitsExact) {
      // Both are exact doubles, so that the quotient is the nearest one (Clinger, How to read floating point numbers
      // accurately, 1990).
      number = static_cast<double>(digits) / kPowersOfTen[decimals];
      if (is_negative) number = -number;
      return true;
    }
    const auto [end, error] = std::from_chars(begin, at_, number);
    return error == std::errc() && end == at_;
  }

  bool skip_exponent() {
    ++at_;
    if (*at_ == '+' || *at_ == '-') ++at_;
    uint64_t ignored = 0;
    return read_digits(ignored) > 0;
  }

  // Adds the digits that follow to `number`, and tells how many they are.
  size_t read_digits(uint64_t& number) {
    const char* const begin = at_;
    while (is_digit(*at_)) number = number * 10 + static_cast<uint64_t>(*at_++ - '0');
    return static_cast<size_t>(at_ - begin);
  }

  static bool is_within_number(char c) { return c == '.' || c == 'e' || c == 'E'; }

  bool read_tags(std::string_view& tags) {
    skip_space();
    // The metrics of a host come one behind the other.
    if (!last_tags_.empty() && std::string_view(at_, end_).starts_with(last_tags_)) {
      tags = {at_, last_tags_.size()};
      at_ += tags.size();
      return true;
    }
    const char* const begin = at_;
    if (!take('{')) return false;
    if (!take('}')) {
      do {
        std::string_view text;
        if (!read_string(text) || !take(':') || !read_string(text)) return false;
      } while (take(','));
      if (!take('}')) return false;
    }
    last_tags_ = tags = {begin, at_};
    return true;
  }

  bool read_string(std::string_view& text) {
    if (!take('"')) return false;
    const char* const begin = at_;
    for (; at_ < end_; at_ += sizeof(uint64_t)) {
      uint64_t bytes;
      std::memcpy(&bytes, at_, sizeof bytes);
      const uint64_t special = find_special(bytes);
      if (special == 0) continue;
      at_ += std::countr_zero(special) / 8;
      if (at_ >= end_ || *at_ != '"') return false;
      text = {begin, at_};
      ++at_;
      return true;
    }
    return false;
  }

  bool take(char c) {
    skip_space();
    if (*at_ != c) return false;
    ++at_;
    return true;
  }

  void skip_space() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }

  static constexpr size_t kDigits64 = 18;     // fit 63 bits, whatever they are
  static constexpr size_t kDigitsExact = 15;  // fit the 53 bits of a double's mantissa
  // One digit at least stands before the decimals.
  static constexpr std::array<double, kDigitsExact> kPowersOfTen = {1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6, 1e7,
                                                                    1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14};

  const char* at_;
  const char* const end_;
  const model::ParseContext& context_;
  JsonMetricBatch batch_;
  std::string_view last_tags_;
};

}  // namespace

std::optional<model::WriteBatch> read_plain_json_metrics(std::string_view body, const model::ParseContext& context) {
  return PlainReader(body, context).read();
}

}  // namespace ms::wire
