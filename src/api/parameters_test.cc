#include "api/parameters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace ms::api {
namespace {

using testing::HasSubstr;

http::Request post(std::string content_type, std::string body) {
  http::Request request;
  request.method = "POST";
  request.headers.push_back({"content-type", std::move(content_type)});
  request.body = std::move(body);
  return request;
}

TEST(Parameters, TheFormComesBeforeTheUrlAndTheFirstCounts) {
  http::Request request = post("Application/X-WWW-Form-Urlencoded; charset=utf-8", "query=a%2Bb+c&query=second");
  request.query = "query=url&time=5";
  const auto form = read_parameters(request);
  ASSERT_TRUE(form.has_value());
  EXPECT_EQ(find_parameter(*form, "query"), "a+b c");
  EXPECT_EQ(find_parameter(*form, "time"), "5");
  EXPECT_EQ(find_parameter(*form, "step"), "");
}

TEST(Parameters, AGetHasThoseOfItsUrl) {
  http::Request request;
  request.method = "GET";
  request.query = "query=up&time=1";
  const auto form = read_parameters(request);
  ASSERT_TRUE(form.has_value());
  EXPECT_EQ(find_parameter(*form, "query"), "up");
}

TEST(Parameters, ABodyOfAnotherTypeIsRefused) {
  const auto form = read_parameters(post("application/json", "{}"));
  ASSERT_FALSE(form.has_value());
  EXPECT_EQ(form.error().status, 415);
  EXPECT_THAT(form.error().body, HasSubstr("application/x-www-form-urlencoded"));
}

TEST(Parameters, APostWithoutABodyNeedsNoType) {
  http::Request request = post("", "");
  request.query = "query=up";
  EXPECT_TRUE(read_parameters(request).has_value());
}

TEST(Parameters, ABrokenEscapeIsRefused) {
  http::Request request;
  request.method = "GET";
  request.query = "query=%zz";
  const auto form = read_parameters(request);
  ASSERT_FALSE(form.has_value());
  EXPECT_EQ(form.error().status, 400);
}

TEST(Parameters, TimestampsAreSecondsOrRfc3339) {
  const std::vector<std::pair<std::string, int64_t>> cases = {
      {"0", 0},
      {"1", 1000},
      {"1732363200.123", 1732363200123},
      {"1732363200.1234", 1732363200123},
      {"1732363200.9996", 1732363201000},
      {"-0.5", -500},
      {"-1.5", -1500},
      {"1e3", 1'000'000},
      {"1970-01-01T00:00:00Z", 0},
      {"2024-11-23T12:00:00Z", 1732363200000},
      {"2024-11-23T12:00:00.123456+01:00", 1732359600123},
      {"2024-11-23T12:00:00.5Z", 1732363200500},
      {"2024-11-23T06:30:00-05:30", 1732363200000},
      {"2024-02-29T00:00:00Z", 1709164800000},
      {"1969-12-31T23:59:59.999Z", -1},
      {"0001-01-01T00:00:00Z", -62135596800000},
      {"9999-12-31T23:59:59Z", 253402300799000},
  };
  for (const auto& [text, timestamp_ms] : cases) {
    const auto timestamp = parse_timestamp(text);
    ASSERT_TRUE(timestamp.has_value()) << text;
    EXPECT_EQ(*timestamp, timestamp_ms) << text;
  }
}

TEST(Parameters, OtherTimestampsAreRefused) {
  for (const std::string text : {"",
                                 "x",
                                 "0x10",
                                 "inf",
                                 "NaN",
                                 "1e30",
                                 "-1e30",
                                 "2024-11-23",
                                 "2024-11-23T12:00:00",
                                 "2024-11-23 12:00:00Z",
                                 "2024-11-23t12:00:00z",
                                 "2024-02-30T00:00:00Z",
                                 "2023-02-29T00:00:00Z",
                                 "2024-13-01T00:00:00Z",
                                 "2024-00-01T00:00:00Z",
                                 "2024-11-23T24:00:00Z",
                                 "2024-11-23T12:60:00Z",
                                 "2024-11-23T12:00:60Z",
                                 "2024-11-23T1:00:00Z",
                                 "2024-11-23T12:00:00.Z",
                                 "2024-11-23T12:00:00+0100",
                                 "2024-11-23T12:00:00+24:00",
                                 "2024-11-23T12:00:00Zx",
                                 "2024-11-23T12:00:00 01:00"}) {
    const auto timestamp = parse_timestamp(text);
    ASSERT_FALSE(timestamp.has_value()) << text;
    EXPECT_EQ(timestamp.error().message, "cannot parse \"" + text + "\" to a valid timestamp");
  }
}

TEST(Parameters, DurationsAreSecondsOrHaveUnits) {
  const std::vector<std::pair<std::string, int64_t>> cases = {
      {"15", 15'000},  {"0.5", 500},      {"0.0015", 1},
      {"1e-4", 0},     {"-1", -1000},     {"0", 0},
      {"15s", 15'000}, {"1m30s", 90'000}, {"1e9", 1'000'000'000'000}};
  for (const auto& [text, duration_ms] : cases) {
    const auto duration = parse_duration_parameter(text);
    ASSERT_TRUE(duration.has_value()) << text;
    EXPECT_EQ(*duration, duration_ms) << text;
  }
}

TEST(Parameters, OtherDurationsAreRefused) {
  for (const std::string text : {"", "x", "1h1h", "30s1m", "300y", "1ns"}) {
    const auto duration = parse_duration_parameter(text);
    ASSERT_FALSE(duration.has_value()) << text;
    EXPECT_EQ(duration.error().message, "cannot parse \"" + text + "\" to a valid duration");
  }
  for (const std::string text : {"inf", "NaN", "1e10", "-1e10"}) {
    const auto duration = parse_duration_parameter(text);
    ASSERT_FALSE(duration.has_value()) << text;
    EXPECT_EQ(duration.error().message, "cannot parse \"" + text + "\" to a valid duration. It overflows int64");
  }
}

}  // namespace
}  // namespace ms::api
