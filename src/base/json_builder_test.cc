#include "base/json_builder.h"

#include <gtest/gtest.h>

#include <limits>

namespace ms {
namespace {

TEST(JsonBuilder, PutsCommasBetweenValuesAndNowhereElse) {
  JsonBuilder json;
  json.begin_object();
  json.key("a").integer(1);
  json.key("b").begin_array();
  json.text("x\"y");
  json.null();
  json.begin_object();
  json.end_object();
  json.boolean(true);
  json.end_array();
  json.key("c").begin_array();
  json.end_array();
  json.key("d").moment(0);
  json.key("e").moment(7);
  json.end_object();
  EXPECT_EQ(std::move(json).take(), R"({"a":1,"b":["x\"y",null,{},true],"c":[],"d":null,"e":7})");
}

TEST(JsonBuilder, WritesDecimalsExactlyAndWithoutTrailingZeros) {
  struct Case {
    uint64_t value;
    unsigned digits;
    const char* text;
  };
  for (const Case& c : {
           Case{0, 6, "0"},
           Case{1, 6, "0.000001"},
           Case{1'500'000, 6, "1.5"},
           Case{130'000'000, 6, "130"},
           Case{1'020'300'000, 6, "1020.3"},
           Case{12, 0, "12"},
           Case{std::numeric_limits<uint64_t>::max(), 3, "18446744073709551.615"},
       }) {
    JsonBuilder json;
    json.decimal(c.value, c.digits);
    EXPECT_EQ(std::move(json).take(), c.text);
  }
}

TEST(JsonBuilder, RoundsRealNumbersToThreeDecimals) {
  JsonBuilder json;
  json.begin_array();
  for (const double value : {0.0, 12.3, 98.76543, 9999.9996}) json.real(value);
  json.end_array();
  EXPECT_EQ(std::move(json).take(), "[0,12.3,98.765,10000]");
}

TEST(JsonBuilder, WhatIsNoFiniteAmountIsNull) {
  using Limits = std::numeric_limits<double>;
  JsonBuilder json;
  json.begin_array();
  for (const double value : {JsonBuilder::kRealMax, Limits::max(), Limits::infinity(), Limits::quiet_NaN(), -1.0}) {
    json.real(value);
  }
  json.end_array();
  EXPECT_EQ(std::move(json).take(), "[9000000000000000,null,null,null,null]");
}

}  // namespace
}  // namespace ms
