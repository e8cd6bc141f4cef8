#include "promql/number.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace ms::promql {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(Number, DecimalFormsReadAsInGo) {
  const std::vector<std::pair<std::string, double>> cases = {
      {"42", 42},
      {"-1.5e3", -1500},
      {"+0.2", 0.2},
      {".5", 0.5},
      {"5.", 5},
      {"5.e3", 5000},
      {"1E+2", 100},
      {"12.34e-6", 12.34e-6},
      {"08", 8},
      {"010", 10},
      {"1e-400", 0},
      {"5e-324", 5e-324},
      {"1.7976931348623157e308", 1.7976931348623157e308},
      {"inf", kInfinity},
      {"+Inf", kInfinity},
      {"-INFINITY", -kInfinity},
  };
  for (const auto& [text, value] : cases) {
    const auto number = parse_number(text);
    ASSERT_TRUE(number.has_value()) << text;
    EXPECT_EQ(*number, value) << text;
  }
  EXPECT_TRUE(std::isnan(parse_number("NaN").value()));
  EXPECT_TRUE(std::signbit(parse_number("-0").value()));
}

TEST(Number, OtherTextsAreNoNumbers) {
  for (const char* text : {"",   "-",   "+",   ".",     "e3",   "1e",     "1e+",     "1.2.3", "0x10",   "1 ",
                           " 1", "--1", "+-1", "1_000", "-nan", "nan(1)", "infinit", "1e400", "-1e400", "x"}) {
    EXPECT_FALSE(parse_number(text).has_value()) << text;
  }
}

TEST(Number, LiteralsMayBeHexadecimalOrOctal) {
  const std::vector<std::pair<std::string, double>> cases = {{"0x1F", 31}, {"0Xff", 255}, {"010", 8},   {"08", 8},
                                                             {"0", 0},     {"00", 0},     {"0.5", 0.5}, {"42", 42}};
  for (const auto& [text, value] : cases) {
    const auto number = parse_number_literal(text);
    ASSERT_TRUE(number.has_value()) << text;
    EXPECT_EQ(*number, value) << text;
  }
  for (const char* text : {"0x", "0x1.8", "0x-1", "0xffffffffffffffff", "1e"}) {
    EXPECT_FALSE(parse_number_literal(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace ms::promql
