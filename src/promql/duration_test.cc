#include "promql/duration.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace ms::promql {
namespace {

TEST(Duration, UnitsInFallingOrderAddUp) {
  const std::vector<std::pair<std::string, int64_t>> cases = {
      {"0", 0},
      {"0s", 0},
      {"1ms", 1},
      {"5s", 5'000},
      {"5m", 300'000},
      {"05m", 300'000},
      {"1h30m", 5'400'000},
      {"1d", 86'400'000},
      {"1w", 604'800'000},
      {"1y", 31'536'000'000},
      {"1y1w1d1h1m1s1ms", 32'230'861'001},
      {"1s250ms", 1'250},
      {"292y", 9'208'512'000'000},
  };
  for (const auto& [text, ms] : cases) {
    const auto duration = parse_duration(text);
    ASSERT_TRUE(duration.has_value()) << text;
    EXPECT_EQ(*duration, ms) << text;
  }
}

TEST(Duration, OtherTextsAreRefused) {
  for (const std::string text :
       {"", "5", "m", "5m5m", "5s5m", "1.5h", "-5m", "5x", "5 m", "5M", "1h30", "5ss", "00", "1ms1s"}) {
    const auto duration = parse_duration(text);
    ASSERT_FALSE(duration.has_value()) << text;
    EXPECT_EQ(duration.error().message, "not a valid duration string: \"" + text + "\"");
  }
}

TEST(Duration, MoreThanSixtyThreeBitsOfNanosecondsAreOutOfRange) {
  for (const char* text : {"293y", "99999999999999999999s", "292y100w"}) {
    const auto duration = parse_duration(text);
    ASSERT_FALSE(duration.has_value()) << text;
    EXPECT_EQ(duration.error().message, "duration out of range");
  }
}

}  // namespace
}  // namespace ms::promql
