#include "watch/figures.h"

#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <string_view>

namespace ms::watch {
namespace {

TEST(FiguresTest, DurationsHaveTheUnitThatTheyAreReadIn) {
  struct Case {
    std::optional<double> ms;
    std::string_view text;
  };
  for (const Case& c : {
           Case{std::nullopt, "-"},
           Case{0, "0 ms"},
           Case{-3, "0 ms"},
           Case{0.0006, "0.6 us"},
           Case{0.0061, "6.1 us"},
           Case{0.018, "18 us"},
           Case{0.3, "0.3 ms"},
           Case{1, "1 ms"},
           Case{4.94, "4.9 ms"},
           Case{9.96, "10 ms"},
           Case{130.2, "130 ms"},
           Case{1234, "1.2 s"},
           Case{75'000, "75 s"},
           Case{720'000, "12 min"},
           Case{5 * 3.6e6, "5 h"},
           Case{3 * 86.4e6, "3 d"},
           Case{1e300, "999 d"},
           Case{std::numeric_limits<double>::infinity(), "999 d"},
           Case{std::numeric_limits<double>::quiet_NaN(), "0 ms"},
       }) {
    EXPECT_EQ(duration_text(c.ms), c.text) << c.ms.value_or(-1);
  }
  EXPECT_EQ(duration_text_of_us(4900), "4.9 ms");
  EXPECT_EQ(duration_text_of_us(std::nullopt), "-");
}

TEST(FiguresTest, CountsAreGroupedByThousands) {
  struct Case {
    uint64_t count;
    std::string_view text;
    std::string_view short_text;
  };
  for (const Case& c : {
           Case{0, "0", "0"},
           Case{999, "999", "999"},
           Case{4096, "4,096", "4,096"},
           Case{12'345, "12,345", "12k"},
           Case{999'499, "999,499", "999k"},
           Case{999'999, "999,999", "1M"},
           Case{1'234'567, "1,234,567", "1.2M"},
           Case{std::numeric_limits<uint64_t>::max(), "18,446,744,073,709,551,615", "18E"},
       }) {
    EXPECT_EQ(count_text(c.count), c.text);
    EXPECT_EQ(short_count_text(c.count), c.short_text);
  }
}

TEST(FiguresTest, RatesHaveADigitAfterThePointWhileTheyAreSmall) {
  struct Case {
    std::optional<double> rate;
    std::string_view text;
  };
  for (const Case& c : {
           Case{std::nullopt, "-"},
           Case{0, "0"},
           Case{0.04, "0"},
           Case{0.4, "0.4"},
           Case{12, "12"},
           Case{98.7, "98.7"},
           Case{99.96, "100"},
           Case{186.4, "186"},
           Case{10'021.4, "10,021"},
           Case{-1, "0"},
           Case{1e300, "1,000,000,000,000,000"},
       }) {
    EXPECT_EQ(rate_text(c.rate), c.text) << c.rate.value_or(-1);
  }
}

}  // namespace
}  // namespace ms::watch
