#include "wire/json_writer.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>
#include <vector>

#include "model/labels.h"

namespace ms::wire {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

std::string sample(int64_t timestamp_ms, double value) {
  std::string out;
  append_json_sample(out, timestamp_ms, value);
  return out;
}

std::string scalar(int64_t timestamp_ms, double value) {
  std::string out;
  append_json_scalar(out, timestamp_ms, value);
  return out;
}

TEST(JsonWriter, ValuesHaveTheShortestDigitsAndAnExponentOnlyAtTheEnds) {
  const std::vector<std::pair<double, std::string>> cases = {
      {0, "0"},
      {-0.0, "-0"},
      {1, "1"},
      {100, "100"},
      {0.1, "0.1"},
      {-1.5, "-1.5"},
      {75.5, "75.5"},
      {1732363200.123, "1732363200.123"},
      {0.000001, "0.000001"},
      {0.0000012345, "0.0000012345"},
      {9.99e-7, "9.99e-07"},
      {1e-7, "1e-07"},
      {-1234.5e-10, "-1.2345e-07"},
      {5e-324, "5e-324"},
      {1e20, "100000000000000000000"},
      {123456789012345678901.0, "123456789012345680000"},
      {9007199254740993.0, "9007199254740992"},
      {1e21, "1e+21"},
      {-1e21, "-1e+21"},
      {1e30, "1e+30"},
      {1.7976931348623157e308, "1.7976931348623157e+308"},
      {0.1 + 0.2, "0.30000000000000004"},
      {kNaN, "NaN"},
      {kInfinity, "+Inf"},
      {-kInfinity, "-Inf"},
  };
  for (const auto& [value, text] : cases) EXPECT_EQ(sample(0, value), "[0,\"" + text + "\"]");
}

TEST(JsonWriter, TimesHaveThreeDecimalsOrNone) {
  const std::vector<std::pair<int64_t, std::string>> cases = {
      {0, "0"},
      {1, "0.001"},
      {10, "0.010"},
      {100, "0.100"},
      {1000, "1"},
      {1500, "1.500"},
      {1732363200123, "1732363200.123"},
      {1732363200000, "1732363200"},
      {-1, "-0.001"},
      {-1500, "-1.500"},
      {-1000, "-1"},
      {INT64_MIN, "-9223372036854775.808"},
      {INT64_MAX, "9223372036854775.807"},
  };
  for (const auto& [timestamp_ms, text] : cases) EXPECT_EQ(sample(timestamp_ms, 1), "[" + text + ",\"1\"]");
}

TEST(JsonWriter, ScalarsHaveNoExponentAndFewDecimals) {
  EXPECT_EQ(scalar(1732363200500, 42), "[1732363200.5,\"42\"]");
  EXPECT_EQ(scalar(1732363200123, 1e-7), "[1732363200.123,\"0.0000001\"]");
  EXPECT_EQ(scalar(-500, 1e30), "[-0.5,\"1000000000000000000000000000000\"]");
  EXPECT_EQ(scalar(0, -kInfinity), "[0,\"-Inf\"]");
  EXPECT_EQ(scalar(1, kNaN), "[0.001,\"NaN\"]");
}

TEST(JsonWriter, EveryValueReadsBackBitForBit) {
  std::mt19937_64 random(20241123);
  for (int i = 0; i < 100'000; ++i) {
    const double value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    std::string text = sample(0, value);
    text = text.substr(4, text.size() - 6);
    ASSERT_EQ(std::strtod(text.c_str(), nullptr), value) << text;
    text = scalar(0, value);
    text = text.substr(4, text.size() - 6);
    ASSERT_EQ(std::strtod(text.c_str(), nullptr), value) << text;
  }
}

TEST(JsonWriter, LabelsAreSortedByNameAndEscaped) {
  std::vector<model::Label> labels = {{"a", "q\"\\\n"}, {"__name__", "up"}, {"Z", "<é>"}};
  std::string out;
  append_json_labels(out, *model::encode_labels(labels));
  EXPECT_EQ(out, R"({"Z":"\u003cé\u003e","__name__":"up","a":"q\"\\\n"})");
}

TEST(JsonWriter, NoLabelsAreAnEmptyObject) {
  std::string out;
  append_json_labels(out, "");
  EXPECT_EQ(out, "{}");
}

}  // namespace
}  // namespace ms::wire
