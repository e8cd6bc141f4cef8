#include "watch/figures.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string_view>

namespace ms::watch {
namespace {

// One digit after the point below 10, and none that is 0: "4.9", "5", "130".
std::string number_text(double number) {
  const double rounded = std::round(number * 10) / 10;
  const bool has_fraction = rounded < 10 && rounded != std::floor(rounded);
  std::array<char, 32> text{};
  const int length = std::snprintf(text.data(), text.size(), has_fraction ? "%.1f" : "%.0f", number);
  return {text.data(), static_cast<size_t>(length)};
}

// `amount` in the unit that it is to be read in, as long as it is below `below`.
struct Unit {
  double ms;
  double below;
  std::string_view name;
};
constexpr std::array kUnits = {Unit{1e-3, 0.1, " us"},    Unit{1, 1e3, " ms"},        Unit{1e3, 120e3, " s"},
                               Unit{60e3, 7.2e6, " min"}, Unit{3.6e6, 172.8e6, " h"}, Unit{86.4e6, 1e300, " d"}};

// The largest figure that is shown; what claims to be more is nonsense that must not widen the drawing.
constexpr double kNumberMax = 1e15;

}  // namespace

std::string duration_text(std::optional<double> ms) {
  if (!ms) return "-";
  if (!(*ms > 0)) return "0 ms";
  const double bounded = std::min(*ms, 999 * kUnits.back().ms);
  const auto* unit = std::ranges::find_if(kUnits, [&](const Unit& each) { return bounded < each.below; });
  return number_text(bounded / unit->ms).append(unit->name);
}

std::string count_text(uint64_t count) {
  std::string text = std::to_string(count);
  for (size_t i = text.size(); i > 3;) text.insert(i -= 3, 1, ',');
  return text;
}

std::string short_count_text(uint64_t count) {
  if (count < 10'000) return count_text(count);
  auto number = static_cast<double>(count) / 1e3;
  const char* unit = "kMGTPE";
  for (; number >= 999.5; number /= 1e3) ++unit;
  return number_text(number) + *unit;
}

std::string rate_text(std::optional<double> rate) {
  if (!rate) return "-";
  const double bounded = std::clamp(*rate, 0.0, kNumberMax);
  if (bounded >= 1000) return count_text(static_cast<uint64_t>(std::llround(bounded)));
  std::array<char, 32> text{};
  const bool has_fraction = bounded < 99.95 && std::round(bounded * 10) != std::round(bounded) * 10;
  std::snprintf(text.data(), text.size(), has_fraction ? "%.1f" : "%.0f", bounded);
  return text.data();
}

}  // namespace ms::watch
