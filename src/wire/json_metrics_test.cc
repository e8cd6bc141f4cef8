#include "wire/json_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "model/labels.h"

namespace ms::wire {
namespace {

using model::Metadata;
using model::MetricType;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr model::ParseContext kContext{.arrival_ms = 1732363200500, .timestamp_ms_max = 1732536000500};

// One line a sample: `cpu{host="a"} 75.5 @1732363200000`; none for a series whose labels are refused.
std::vector<std::string> lines_of(const model::WriteBatch& batch) {
  std::vector<std::string> lines;
  for (const model::SeriesSlice& slice : batch.series) {
    const auto label_bytes = batch.decode_labels(batch.raw_labels(slice));
    if (!label_bytes) continue;
    EXPECT_TRUE(model::are_label_bytes(*label_bytes));
    for (uint32_t i = slice.sample_begin; i < slice.sample_end; ++i) {
      std::ostringstream line;
      line.precision(17);
      line << model::format_labels(*label_bytes) << ' ' << batch.values[i] << " @" << batch.timestamps_ms[i];
      lines.push_back(line.str());
    }
  }
  return lines;
}

// What the parser has rejected, and what the decoder of labels will.
std::vector<std::string> rejections_of(const model::WriteBatch& batch) {
  std::vector<std::string> reasons;
  for (const model::Rejection& rejection : batch.rejections.told) {
    reasons.push_back(std::to_string(rejection.index) + ": " + rejection.reason);
  }
  for (const model::SeriesSlice& slice : batch.series) {
    const auto label_bytes = batch.decode_labels(batch.raw_labels(slice));
    if (!label_bytes) reasons.push_back(std::to_string(slice.index) + ": " + label_bytes.error().message);
  }
  return reasons;
}

model::WriteBatch must_parse(const std::string& body) {
  auto batch = parse_json_metrics(body, kContext);
  EXPECT_TRUE(batch.has_value()) << body << ": " << batch.error().message;
  return batch.value_or(model::WriteBatch{});
}

TEST(JsonMetrics, ThreeShapesMeanTheSame) {
  const std::string metric =
      R"({"name":"cpu_usage","value":75.5,"type":"gauge","timestamp":1732363200000,"tags":{"host":"a"}})";
  for (const std::string& body : {"{\"metrics\":[" + metric + "]}", "[" + metric + "]", metric}) {
    const model::WriteBatch batch = must_parse(body);
    EXPECT_THAT(lines_of(batch), ElementsAre("cpu_usage{host=\"a\"} 75.5 @1732363200000"));
    EXPECT_THAT(batch.metadata, ElementsAre(Metadata{"cpu_usage", MetricType::kGauge, "", ""}));
    EXPECT_EQ(batch.rejections.count, 0u);
  }
}

TEST(JsonMetrics, WhatIsWellFormedIsTaken) {
  const std::string at = " @1732363200500";
  const std::vector<std::pair<std::string, std::vector<std::string>>> cases = {
      {R"([])", {}},
      {R"({"metrics":[]})", {}},
      {R"( [ {"name" : "a" , "value" : 1 } ] )", {"a 1" + at}},
      {R"({"value":1,"labels":{"b":"2","a":"1"},"name":"x"})", {"x{a=\"1\",b=\"2\"} 1" + at}},
      {R"({"name":"x","value":-0.0,"tags":{}})", {"x -0" + at}},
      {R"({"name":"x","value":1e3,"tags":{"empty":""}})", {"x 1000" + at}},
      {R"({"name":"x","value":1,"timestamp":null,"type":null,"tags":null})", {"x 1" + at}},
      {R"({"name":"x","value":1,"timestamp":0})", {"x 1 @0"}},
      {R"({"name":"x","value":1,"timestamp":-86400000})", {"x 1 @-86400000"}},
      {R"({"name":"x","value":1,"timestamp":1.7323632e12})", {"x 1 @1732363200000"}},
      {R"({"name":"x","value":1,"timestamp":1732536000500})", {"x 1 @1732536000500"}},
      {R"({"name":"x","value":100000000000000000000})", {"x 1e+20" + at}},
      {R"({"name":"x","value":18446744073709551616})", {"x 1.8446744073709552e+19" + at}},
      {R"({"name":"x","value":0.1000000000000000055511151231257827021181583404541015625})",
       {"x 0.10000000000000001" + at}},
      {R"({"name":"x","value":5e-324})", {"x 4.9406564584124654e-324" + at}},
      {R"({"name":"x","value":"+Inf"})", {"x inf" + at}},
      {R"({"name":"x","value":"Inf"})", {"x inf" + at}},
      {R"({"name":"x","value":"-Inf"})", {"x -inf" + at}},
      {R"({"n\u0061me":"\u0078","value":1,"tags":{"\u0061":"gr\u00fc\u00df\ud83d\ude00\n"}})",
       {"x{a=\"grüß😀\\n\"} 1" + at}},
      {R"({"name":"x","value":1,"unit":"bytes","extra":{"deep":[1,{"metrics":[]}]}})", {"x 1" + at}},
      {R"({"source":"probe","metrics":[{"name":"x","value":1}],"version":3})", {"x 1" + at}},
      {R"([{"name":"x","value":1},{"name":"x","value":2}])", {"x 1" + at, "x 2" + at}},
  };
  for (const auto& [body, lines] : cases) {
    const model::WriteBatch batch = must_parse(body);
    EXPECT_EQ(lines_of(batch), lines) << body;
    EXPECT_TRUE(rejections_of(batch).empty()) << body << ": " << rejections_of(batch).at(0);
  }
}

TEST(JsonMetrics, RawLabelsAreTheNameAndTheTagsAsWritten) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({"name":"x","value":1,"tags":{"b":"2","a":"1"}})", R"(["x",{"b":"2","a":"1"}])"},
      {R"({"tags": { "a" : "}{" }  , "value":1,"name" : "x" })", R"(["x",{ "a" : "}{" }])"},
      {R"({"name":"\u0078","value":1,"tags":{"a":"}"} })", R"(["\u0078",{"a":"}"}])"},
      {R"({"name":"x","value":1,"tags":null})", R"(["x",{}])"},
      {R"({"name":"x","value":1})", R"(["x",{}])"},
  };
  for (const auto& [body, raw_labels] : cases) {
    const model::WriteBatch batch = must_parse("[" + body + "," + body + "]");
    ASSERT_EQ(batch.series.size(), 2u) << body;
    EXPECT_EQ(batch.raw_labels(batch.series[0]), raw_labels);
    EXPECT_EQ(batch.raw_labels(batch.series[1]), raw_labels);
  }
}

TEST(JsonMetrics, NotANumberHasTheBitsOfPrometheus) {
  const model::WriteBatch batch = must_parse(R"({"name":"x","value":"NaN"})");
  ASSERT_EQ(batch.values.size(), 1u);
  EXPECT_EQ(std::bit_cast<uint64_t>(batch.values[0]), 0x7ff8000000000001u);
}

TEST(JsonMetrics, NumbersOfAnyLengthReadAsTheNearestDouble) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 20000; ++round) {
    std::string text = random() % 2 == 0 ? "-" : "";
    text += random() % 2 == 0 ? "0" : std::to_string(random() % 1000 + 1);
    for (size_t i = random() % 30; i > 0; --i) text += static_cast<char>('0' + random() % 10);
    if (text[text[0] == '-' ? 1 : 0] == '0') text = text.substr(0, text[0] == '-' ? 2 : 1);
    text += '.' + std::string(random() % 20, '0');
    for (size_t i = random() % 30 + 1; i > 0; --i) text += static_cast<char>('0' + random() % 10);
    if (random() % 3 == 0) text += "e" + std::to_string(static_cast<int>(random() % 500) - 250);
    const model::WriteBatch batch = must_parse(R"({"name":"x","value":)" + text + "}");
    const double expected = std::strtod(text.c_str(), nullptr);
    ASSERT_EQ(batch.values.size(), 1u) << text << rejections_of(batch).at(0);
    EXPECT_EQ(std::bit_cast<uint64_t>(batch.values[0]), std::bit_cast<uint64_t>(expected)) << text;
  }
}

TEST(JsonMetrics, AMetricAtFaultIsRejectedWithAReasonAndTheOthersAreKept) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({"value":1})", "\"name\" is missing"},
      {R"({})", "\"name\" is missing"},
      {R"({"name":"x"})", "\"value\" is missing"},
      {R"(5)", "metric is a number, an object is expected"},
      {R"([{"name":"x","value":1}])", "metric is an array, an object is expected"},
      {R"({"name":null,"value":1})", "\"name\" is null"},
      {R"({"name":"","value":1})", "\"name\" is empty"},
      {R"({"name":7,"value":1})", "\"name\" is a number, a string is expected"},
      {R"({"name":"\ud800","value":1})", "\"name\" has a bad escape sequence"},
      {R"({"na\qme":"x","value":1})", "a field's name has a bad escape sequence"},
      {R"({"name":"x","value":null})", "\"value\" is null, a number is expected"},
      {R"({"name":"x","value":true})", "\"value\" is a boolean, a number is expected"},
      {R"({"name":"x","value":{"v":1}})", "\"value\" is an object, a number is expected"},
      {R"({"name":"x","value":"75.5"})",
       R"("value" is the string "75.5", a number, "NaN", "+Inf" or "-Inf" is expected)"},
      {R"({"name":"x","value":1e999})", "\"value\" is not a 64-bit number: 1e999"},
      {R"({"name":"x","value":1,"value":2})", "\"value\" is given twice"},
      {R"({"name":"x","value":1,"tags":{},"labels":{}})",
       "\"labels\" is given twice (\"tags\" and \"labels\" are the same)"},
      {R"({"name":"x","value":1,"timestamp":"now"})", "\"timestamp\" is a string, a number is expected"},
      {R"({"name":"x","value":1,"timestamp":1.5})", "\"timestamp\" is not a whole number of milliseconds: 1.5"},
      {R"({"name":"x","value":1,"timestamp":1e300})", "\"timestamp\" is not a whole number of milliseconds: 1e300"},
      {R"({"name":"x","value":1,"timestamp":1732536000501})",
       "timestamp 1732536000501 is later than 2024-11-25T12:00:00.500Z, the latest accepted; compare the sender's "
       "clock with "
       "the server's"},
      {R"({"name":"x","value":1,"timestamp":1732363200000000000})",
       "timestamp 1732363200000000000 is later than 2024-11-25T12:00:00.500Z, the latest accepted; it looks like "
       "nanoseconds, milliseconds are expected"},
      {R"({"name":"x","value":1,"timestamp":1732363200})",
       "timestamp 1732363200 looks like seconds, milliseconds are expected"},
      {R"({"name":"x","value":1,"type":"rate"})",
       "\"type\" is \"rate\", counter, gauge, histogram or summary is expected"},
      {R"({"name":"x","value":1,"type":1})", "\"type\" is a number, a string is expected"},
      {R"({"name":"x","value":1,"tags":["a"]})", "\"tags\" is an array, an object is expected"},
      {R"({"name":"x","value":1,"tags":{"core":3,"z":{"y":[]}}})", "tag \"core\" is a number, a string is expected"},
      {R"({"name":"x","value":1,"tags":{"up":true}})", "tag \"up\" is a boolean, a string is expected"},
      {R"({"name":"x","value":1,"tags":{"__name__":"y"}})",
       "tag \"__name__\" is not accepted: a metric's name is its \"name\""},
      {R"({"name":"x","value":1,"tags":{"a":"1","a":"2"}})", "metric \"x\": label \"a\" occurs twice"},
      {R"({"name":"x","value":1,"tags":{"":"1"}})", "metric \"x\": a label has an empty name"},
      {R"({"name":"x","value":1,"tags":{"a\q":"1"}})", "a tag's name has a bad escape sequence"},
      {R"({"name":"x","value":1,"tags":{"a":"\ud800"}})", "a tag's value has a bad escape sequence"},
      {R"({"name":"x","value":1,"tags":{"\u005f_name__":"y"}})",
       "tag \"__name__\" is not accepted: a metric's name is its \"name\""},
  };
  const std::string good = R"({"name":"good","value":1})";
  for (const auto& [metric, reason] : cases) {
    const model::WriteBatch batch = must_parse("[" + good + "," + metric + "," + good + "]");
    EXPECT_THAT(lines_of(batch), ElementsAre("good 1 @1732363200500", "good 1 @1732363200500")) << metric;
    EXPECT_THAT(rejections_of(batch), ElementsAre("1: " + reason)) << metric;
    EXPECT_EQ(batch.metadata.size(), 0u);
  }
}

TEST(JsonMetrics, ASingleMetricAtFaultIsRejectedAsTheFirst) {
  EXPECT_THAT(rejections_of(must_parse(R"({"value":true,"name":"x","tags":{"a":["b"]}})")),
              ElementsAre("0: \"value\" is a boolean, a number is expected"));
}

TEST(JsonMetrics, ABodyThatIsNoJsonOrOfNoKnownShapeIsRefused) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "body is not JSON: Empty"},
      {"   ", "body is not JSON: Empty"},
      {"cpu 1", "body is not JSON"},
      {"5", "body is a number, an object or an array is expected"},
      {"\"x\"", "body is a string, an object or an array is expected"},
      {"null", "body is null, an object or an array is expected"},
      {R"({"metrics":{"name":"x","value":1}})", "body has \"metrics\" that is an object, an array is expected"},
      {R"({"metrics":[],"metrics":[]})", "body has \"metrics\" twice"},
      {R"([{"name":"x","value":1}] [])", "body goes on after its JSON at byte 25"},
      {R"({"name":"x","value":1}{"name":"y","value":1})", "body goes on after its JSON at byte 22"},
      {R"({"name":"x","value":1}])", "body is not JSON"},
      {R"([{"name":"x","value":1},])", "body is not JSON at byte"},
      {R"([{"name":"x" "value":1}])", "body is not JSON at byte"},
      {R"([{"name":"x","value":}])", "body is not JSON at byte"},
      {R"([{"name":"x","value":1,"tags":{"a" "b"}}])", "body is not JSON at byte"},
      {R"([{"name":"x","value":1,"tags":{"a":"b" "c":"d"}}])", "body is not JSON at byte"},
      {R"([{"name":"x","value":1,"tags":{"a":"b"]}])", "body is not JSON at byte"},
      {R"([{"name":"x","value":1])", "body is not JSON at byte"},
      {R"([{name:"x"}])", "body is not JSON at byte"},
      {"[{\"name\":\"x\",\"value\":1,\"tags\":{\"a\":\"\xff\"}}]", "body is not JSON: The input is not valid UTF-8"},
      {"[{\"name\":\"x", "body is not JSON"},
  };
  for (const auto& [body, message] : cases) {
    const auto batch = parse_json_metrics(body, kContext);
    ASSERT_FALSE(batch.has_value()) << body;
    EXPECT_EQ(batch.error().code, ErrorCode::kInvalid);
    EXPECT_THAT(batch.error().message, testing::StartsWith(message)) << body;
  }
}

TEST(JsonMetrics, AMillionBracketsAreRefusedOrSkippedInLinearTime) {
  const size_t depth = 1'000'000;
  const std::string open(depth, '[');
  const std::string close(depth, ']');
  EXPECT_FALSE(parse_json_metrics(open, kContext).has_value());
  EXPECT_FALSE(parse_json_metrics(open + close.substr(1), kContext).has_value());
  EXPECT_THAT(rejections_of(must_parse(open + close)), ElementsAre("0: metric is an array, an object is expected"));
  EXPECT_EQ(must_parse(R"([{"name":"x","extra":)" + open + close + R"(,"value":1}])").sample_count(), 1u);
  std::string objects;
  for (size_t i = 0; i < depth; ++i) objects += "{\"tags\":";
  EXPECT_FALSE(parse_json_metrics(objects, kContext).has_value());
}

TEST(JsonMetrics, ABodyBeyondTheLimitIsTooLarge) {
  model::ParseContext context = kContext;
  const std::string body = R"({"name":"x","value":1})";
  context.decoded_bytes_max = body.size();
  EXPECT_TRUE(parse_json_metrics(body, context).has_value());
  context.decoded_bytes_max = body.size() - 1;
  const auto batch = parse_json_metrics(body, context);
  ASSERT_FALSE(batch.has_value());
  EXPECT_EQ(batch.error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(batch.error().message, "body has 22 bytes, at most 21 are accepted");
}

TEST(JsonMetrics, EachTypeOfEachMetricIsKeptOnce) {
  const model::WriteBatch batch = must_parse(R"([
      {"name":"a","value":1,"type":"counter"}, {"name":"b","value":1,"type":"summary"},
      {"name":"a","value":2,"type":"counter"}, {"name":"a","value":3,"type":"histogram"}, {"name":"c","value":1}])");
  EXPECT_THAT(batch.metadata,
              ElementsAre(Metadata{"a", MetricType::kCounter, "", ""}, Metadata{"b", MetricType::kSummary, "", ""},
                          Metadata{"a", MetricType::kHistogram, "", ""}));
}

TEST(JsonMetrics, AllRejectionsAreCountedAndTenAreTold) {
  std::string body = "[";
  for (int i = 0; i < 25; ++i) body += "{\"name\":\"x\"},";
  const model::WriteBatch batch = must_parse(body + R"({"name":"x","value":1}])");
  EXPECT_EQ(batch.rejections.count, 25u);
  EXPECT_EQ(batch.rejections.samples, 25u);
  EXPECT_EQ(batch.rejections.told.size(), model::Rejections::kToldMax);
  ASSERT_EQ(batch.series.size(), 1u);
  EXPECT_EQ(batch.series[0].index, 25u);
}

TEST(JsonMetrics, NoTruncationOfABodyYieldsAnything) {
  for (const std::string body :
       {R"({"metrics":[{"name":"a","value":1234.5,"tags":{"h":"x","i":"{}[]"}},{"name":"b","value":"NaN"}]})",
        R"([{"name":"a","value":1234.5,"timestamp":1732363200000},{"name":"b","value":2,"x":[[],{}]}])",
        R"({"name":"a","value":1234.5,"tags":{"h":"x"},"x":{"y":[1,2]}})"}) {
    ASSERT_EQ(must_parse(body).rejections.count, 0u);
    for (size_t size = 0; size < body.size(); ++size) {
      // In memory of its own size, so that a sanitizer sees a read beyond the end.
      const std::vector<char> cut(body.begin(), body.begin() + static_cast<ptrdiff_t>(size));
      EXPECT_FALSE(parse_json_metrics({cut.data(), cut.size()}, kContext).has_value()) << body.substr(0, size);
    }
  }
}

}  // namespace
}  // namespace ms::wire
