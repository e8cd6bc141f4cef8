#include "base/figures.h"

#include <cmath>
#include <cstdio>

namespace ms {
namespace {

std::string fixed(double number, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, number);
  return text;
}

// 9.996 with two decimals would be "10.00": the digits are those of the rounded number.
int decimals_for(double number, int digits) {
  int decimals = digits - 1;
  for (double bound = 10; decimals > 0 && number >= bound - 0.5 * std::pow(10, -decimals); bound *= 10) --decimals;
  return decimals;
}

}  // namespace

std::string figure(double number) {
  if (number == 0) return "0";
  if (number < 99.95) return fixed(number, std::floor(number) == number ? 0 : number < 9.995 ? 2 : 1);
  std::string text = fixed(number, 0);
  for (size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

std::string duration(double duration_ns) {
  if (duration_ns == 0) return "0";
  struct Unit {
    const char* name;
    double nanoseconds;
  };
  constexpr Unit kUnits[] = {{" ns", 1}, {" us", 1e3}, {" ms", 1e6}};
  for (const Unit& unit : kUnits) {
    const double number = duration_ns / unit.nanoseconds;
    if (number < 999.5) return fixed(number, unit.nanoseconds == 1 ? 0 : decimals_for(number, 3)) + unit.name;
  }
  const double seconds = duration_ns / 1e9;
  return fixed(seconds, decimals_for(seconds, 3)) + " s";
}

}  // namespace ms
