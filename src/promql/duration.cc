#include "promql/duration.h"

#include <array>
#include <charconv>
#include <limits>
#include <string>

namespace ms::promql {
namespace {

struct Unit {
  std::string_view name;
  int64_t ms;
};

constexpr int64_t kDayMs = 24 * 60 * 60 * 1000;
constexpr std::array kUnits = {
    Unit{"y", 365 * kDayMs}, Unit{"w", 7 * kDayMs}, Unit{"d", kDayMs}, Unit{"h", 60 * 60 * 1000},
    Unit{"m", 60 * 1000},    Unit{"s", 1000},       Unit{"ms", 1}};

constexpr int64_t kDurationMsMax = std::numeric_limits<int64_t>::max() / 1'000'000;

constexpr std::string_view kDigits = "0123456789";

std::string_view take_unit(std::string_view& text) {
  const std::string_view taken = text.substr(0, text.find_first_of(kDigits));
  text.remove_prefix(taken.size());
  return taken;
}

std::string_view take_digits(std::string_view& text) {
  const std::string_view taken = text.substr(0, text.find_first_not_of(kDigits));
  text.remove_prefix(taken.size());
  return taken;
}

}  // namespace

Result<int64_t> parse_duration(std::string_view text) {
  if (text == "0") return 0;
  const auto invalid = [text] {
    return fail(ErrorCode::kInvalid, "not a valid duration string: \"" + std::string(text) + '"');
  };
  if (text.empty()) return invalid();

  int64_t total_ms = 0;
  bool out_of_range = false;
  size_t next_unit = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view digits = take_digits(rest);
    const std::string_view name = take_unit(rest);
    while (next_unit < kUnits.size() && kUnits[next_unit].name != name) ++next_unit;
    if (digits.empty() || next_unit == kUnits.size()) return invalid();

    int64_t count = 0;
    const bool fits = std::from_chars(digits.data(), digits.data() + digits.size(), count).ec == std::errc{};
    const int64_t unit_ms = kUnits[next_unit++].ms;
    if (!fits || count > (kDurationMsMax - total_ms) / unit_ms) {
      out_of_range = true;
    } else {
      total_ms += count * unit_ms;
    }
  }
  if (out_of_range) return fail(ErrorCode::kInvalid, "duration out of range");
  return total_ms;
}

}  // namespace ms::promql
