#include "api/parameters.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <iterator>
#include <string>
#include <utility>

#include "http/ascii.h"
#include "promql/duration.h"
#include "promql/engine.h"
#include "promql/number.h"

namespace ms::api {
namespace {

constexpr std::string_view kFormType = "application/x-www-form-urlencoded";
constexpr double kNanosPerSecond = 1e9;
constexpr double kNanosPerMilli = 1e6;
constexpr double kInt64End = 0x1p63;

bool is_form(const http::Request& request) {
  const std::string_view type = request.find_header("Content-Type");
  return equals_ignoring_case(http::media_type(type), kFormType);
}

// Reads text from its front; after the first thing that is not there, ok() is false for good.
class FieldReader {
 public:
  explicit FieldReader(std::string_view text) : rest_(text) {}

  bool ok() const { return ok_; }
  bool empty() const { return rest_.empty(); }

  bool accept(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char c) { ok_ = accept(c) && ok_; }

  // A number of exactly that many digits, at most `max`.
  int number(size_t digits, int max) {
    const std::string_view field = take_digits(digits);
    int value = 0;
    std::from_chars(field.data(), field.data() + field.size(), value);
    ok_ = ok_ && field.size() == digits && value <= max;
    return value;
  }

  // What follows a decimal point: at least one digit, of which the first three are milliseconds.
  int milliseconds() {
    const std::string_view field = take_digits(rest_.size());
    ok_ = ok_ && !field.empty();
    int value = 0;
    for (size_t i = 0; i < 3; ++i) value = value * 10 + (i < field.size() ? field[i] - '0' : 0);
    return value;
  }

 private:
  std::string_view take_digits(size_t count_max) {
    size_t count = 0;
    while (count < std::min(count_max, rest_.size()) && http::is_digit(rest_[count])) ++count;
    const std::string_view digits = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return digits;
  }

  std::string_view rest_;
  bool ok_ = true;
};

// "Z", "+01:00" or "-01:00", in minutes east of UTC.
int read_zone_minutes(FieldReader& reader) {
  if (reader.accept('Z')) return 0;
  const int sign = reader.accept('-') ? -1 : 1;
  if (sign == 1) reader.expect('+');
  const int hours = reader.number(2, 23);
  reader.expect(':');
  return sign * (hours * 60 + reader.number(2, 59));
}

// RFC 3339 section 5.6, upper-case letters only and no leap seconds, as in Go.
std::optional<int64_t> parse_rfc3339(std::string_view text) {
  FieldReader reader(text);
  const std::chrono::year year(reader.number(4, 9999));
  reader.expect('-');
  const std::chrono::month month(static_cast<unsigned>(reader.number(2, 12)));
  reader.expect('-');
  const std::chrono::day day(static_cast<unsigned>(reader.number(2, 31)));
  reader.expect('T');
  const int hours = reader.number(2, 23);
  reader.expect(':');
  const int minutes = reader.number(2, 59);
  reader.expect(':');
  const int seconds = reader.number(2, 59);
  const int milliseconds = reader.accept('.') ? reader.milliseconds() : 0;
  const int zone_minutes = read_zone_minutes(reader);
  const std::chrono::year_month_day date(year, month, day);
  if (!reader.ok() || !reader.empty() || !date.ok()) return std::nullopt;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return ((days * 24 + hours) * 60 + minutes - zone_minutes) * 60'000 + seconds * 1000 + milliseconds;
}

std::optional<int64_t> parse_seconds(double seconds) {
  const double ms_max = static_cast<double>(promql::kTimeMsMax);
  if (!(std::abs(seconds) < ms_max / 1000)) return std::nullopt;
  double whole = 0;
  const double fraction = std::modf(seconds, &whole);
  return static_cast<int64_t>(whole) * 1000 + std::llround(fraction * 1000);
}

}  // namespace

std::expected<http::Form, http::Response> read_parameters(const http::Request& request) {
  http::Form form;
  const auto append = [&form](std::string_view text) -> Result<void> {
    auto parsed = http::parse_form(text);
    if (!parsed) return std::unexpected(std::move(parsed.error()));
    std::ranges::move(*parsed, std::back_inserter(form));
    return {};
  };
  if (request.method == "POST" && !request.body.empty()) {
    if (!is_form(request)) {
      return std::unexpected(http::error_response(
          415, "bad_data", "the parameters of a query are sent as " + std::string(kFormType) + " or in the URL"));
    }
    if (auto appended = append(request.body); !appended) {
      return std::unexpected(http::error_response(400, "invalid form: " + appended.error().message));
    }
  }
  if (auto appended = append(request.query); !appended) {
    return std::unexpected(http::error_response(400, "invalid URL query: " + appended.error().message));
  }
  return form;
}

std::string_view find_parameter(const http::Form& form, std::string_view name) {
  const auto found = std::ranges::find(form, name, &http::Form::value_type::first);
  return found == form.end() ? std::string_view() : found->second;
}

Result<int64_t> parse_timestamp(std::string_view text) {
  const auto number = promql::parse_number(text);
  const auto timestamp_ms = number ? parse_seconds(*number) : parse_rfc3339(text);
  if (timestamp_ms) return *timestamp_ms;
  return fail(ErrorCode::kInvalid, "cannot parse \"" + std::string(text) + "\" to a valid timestamp");
}

Result<int64_t> parse_duration_parameter(std::string_view text) {
  const auto refuse = [text](std::string_view more) {
    return fail(ErrorCode::kInvalid,
                "cannot parse \"" + std::string(text) + "\" to a valid duration" + std::string(more));
  };
  const auto seconds = promql::parse_number(text);
  if (!seconds) {
    if (auto duration_ms = promql::parse_duration(text)) return duration_ms;
    return refuse("");
  }
  const double nanos = *seconds * kNanosPerSecond;
  if (!(std::abs(nanos) < kInt64End)) return refuse(". It overflows int64");
  return static_cast<int64_t>(nanos / kNanosPerMilli);
}

}  // namespace ms::api
