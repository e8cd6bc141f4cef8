#include "wire/text_exposition.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace ms::wire {
namespace {

using model::Label;
using model::MetricType;

TEST(TextExposition, AMetricIsHelpTypeAndItsSamples) {
  TextExposition out;
  out.metric("http_requests_total", MetricType::kCounter, "Requests answered.");
  const std::array ok = {Label{"code", "200"}, Label{"method", "get"}};
  const std::array bad = {Label{"code", "400"}};
  out.sample(27, ok);
  out.sample(3, bad);
  out.metric("up", MetricType::kGauge, "");
  out.sample(1);
  EXPECT_EQ(std::move(out).take(),
            "# HELP http_requests_total Requests answered.\n"
            "# TYPE http_requests_total counter\n"
            "http_requests_total{code=\"200\",method=\"get\"} 27\n"
            "http_requests_total{code=\"400\"} 3\n"
            "# HELP up \n"
            "# TYPE up gauge\n"
            "up 1\n");
}

TEST(TextExposition, AHistogramIsCumulativeAndEndsInItsSumAndCount) {
  TextExposition out;
  out.metric("wait_seconds", MetricType::kHistogram, "Waits.");
  const std::array bounds = {1e-06, 0.5, 2.5};
  const std::array<uint64_t, 4> counts = {1, 0, 2, 4};
  const std::array labels = {Label{"stage", "queue"}};
  out.histogram(bounds, counts, 40.25, labels);
  out.histogram(std::span(bounds).first(1), std::span(counts).first(2), 0);
  EXPECT_EQ(std::move(out).take(),
            "# HELP wait_seconds Waits.\n"
            "# TYPE wait_seconds histogram\n"
            "wait_seconds_bucket{stage=\"queue\",le=\"1e-06\"} 1\n"
            "wait_seconds_bucket{stage=\"queue\",le=\"0.5\"} 1\n"
            "wait_seconds_bucket{stage=\"queue\",le=\"2.5\"} 3\n"
            "wait_seconds_bucket{stage=\"queue\",le=\"+Inf\"} 7\n"
            "wait_seconds_sum{stage=\"queue\"} 40.25\n"
            "wait_seconds_count{stage=\"queue\"} 7\n"
            "wait_seconds_bucket{le=\"1e-06\"} 1\n"
            "wait_seconds_bucket{le=\"+Inf\"} 1\n"
            "wait_seconds_sum 0\n"
            "wait_seconds_count 1\n");
}

TEST(TextExposition, ValuesAndHelpAreEscapedEachInItsOwnWay) {
  TextExposition out;
  out.metric("m", MetricType::kUnknown, "a \\ b \"c\"\nd");
  const std::array labels = {Label{"path", "a \\ b \"c\"\nd"}};
  out.sample(0, labels);
  EXPECT_EQ(std::move(out).take(),
            "# HELP m a \\\\ b \"c\"\\nd\n"
            "# TYPE m untyped\n"
            "m{path=\"a \\\\ b \\\"c\\\"\\nd\"} 0\n");
}

TEST(TextExposition, NumbersAreThoseOfGo) {
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<std::pair<double, std::string>> cases = {
      {0, "0"},
      {-0.0, "-0"},
      {1, "1"},
      {-1.5, "-1.5"},
      {0.1, "0.1"},
      {999999, "999999"},
      {999999.5, "999999.5"},
      {1000000, "1e+06"},
      {123456789, "1.23456789e+08"},
      {0.0001, "0.0001"},
      {0.00001, "1e-05"},
      {0.000012345, "1.2345e-05"},
      {1e100, "1e+100"},
      {5e-324, "5e-324"},
      {1.7976931348623157e308, "1.7976931348623157e+308"},
      {1.0 / 3, "0.3333333333333333"},
      {infinity, "+Inf"},
      {-infinity, "-Inf"},
      {std::nan(""), "NaN"},
      {-std::nan(""), "NaN"},
  };
  for (const auto& [value, text] : cases) {
    TextExposition out;
    out.metric("m", MetricType::kGauge, "");
    out.sample(value);
    EXPECT_TRUE(std::move(out).take().ends_with("\nm " + text + "\n")) << text;
  }
}

}  // namespace
}  // namespace ms::wire
