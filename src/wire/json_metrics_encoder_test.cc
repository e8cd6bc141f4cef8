#include "wire/json_metrics_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "wire/json_metrics.h"

namespace ms::wire {
namespace {

TEST(JsonMetricsEncoder, AMetricIsItsSeriesAndASample) {
  const std::vector<model::Label> labels = {{"__name__", "cpu"}, {"host", "a\"b"}, {"zone", "c"}};
  std::string text;
  append_json_metric(text, encode_json_series(labels), 1732363200000, 75.25);
  EXPECT_EQ(text, R"({"name":"cpu","tags":{"host":"a\"b","zone":"c"},"timestamp":1732363200000,"value":75.25})");
}

TEST(JsonMetricsEncoder, WhatIsEncodedIsParsed) {
  const std::vector<double> values = {0.1, -0.0, 12345678901234, 1e300, 5e-324, 99.99};
  std::vector<model::Label> labels = {{"__name__", "up"}, {"job", "\xc3\xbc\n"}};
  const std::string series = encode_json_series(labels);
  std::string body = "[";
  for (const double value : values) {
    if (body.size() > 1) body += ',';
    append_json_metric(body, series, 1732363200000, value);
  }
  const auto batch = parse_json_metrics(body + "]", {.timestamp_ms_max = 1732363200000});
  ASSERT_TRUE(batch) << batch.error().message;
  EXPECT_EQ(batch->rejections.count, 0u);
  EXPECT_THAT(batch->values, testing::ElementsAreArray(values));
  const auto decoded = batch->decode_labels(batch->raw_labels(batch->series.front()));
  EXPECT_EQ(decoded.value_or(""), model::encode_labels(labels).value_or("none"));
}

}  // namespace
}  // namespace ms::wire
