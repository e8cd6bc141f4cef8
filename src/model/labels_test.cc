#include "model/labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "model/write_batch.h"

namespace ms::model {
namespace {

using testing::HasSubstr;

std::string encoded(std::vector<Label> labels) {
  auto bytes = encode_labels(labels);
  EXPECT_TRUE(bytes.has_value()) << bytes.error().message;
  return bytes.value_or("");
}

std::string refusal(std::vector<Label> labels) {
  auto bytes = encode_labels(labels);
  if (bytes) return "accepted";
  EXPECT_EQ(bytes.error().code, ErrorCode::kInvalid);
  return bytes.error().message;
}

std::vector<Label> read_all(std::string_view label_bytes) {
  std::vector<Label> labels;
  LabelReader reader(label_bytes);
  while (auto label = reader.next()) labels.push_back(*label);
  return labels;
}

TEST(Labels, TwoOrdersOfOneSetHaveTheSameBytes) {
  const std::string bytes = encoded({{"zone", "b"}, {"__name__", "cpu"}, {"host", "a"}});
  EXPECT_EQ(bytes, encoded({{"host", "a"}, {"zone", "b"}, {"__name__", "cpu"}}));
  EXPECT_EQ(bytes, std::string("\x08__name__\x03"
                               "cpu\x04host\x01"
                               "a\x04zone\x01"
                               "b"));
  EXPECT_EQ(read_all(bytes), (std::vector<Label>{{"__name__", "cpu"}, {"host", "a"}, {"zone", "b"}}));
}

TEST(Labels, AnEmptyValueIsTheSameAsNoLabel) {
  EXPECT_EQ(encoded({{"a", "1"}, {"b", ""}}), encoded({{"a", "1"}}));
  EXPECT_EQ(encoded({{"a", ""}, {"a", "1"}}), encoded({{"a", "1"}}));
}

TEST(Labels, WhatIsAtALimitIsAccepted) {
  const std::string longest_name(kLabelNameBytesMax, 'n');
  const std::string longest_value(kLabelValueBytesMax, 'v');
  const std::string bytes = encoded({{longest_name, longest_value}});
  EXPECT_EQ(find_label(bytes, longest_name), longest_value);

  std::vector<std::string> names;
  for (size_t i = 0; i < kLabelsMax; ++i) names.push_back("l" + std::to_string(i));
  std::vector<Label> labels;
  for (const std::string& name : names) labels.push_back({name, "x"});
  EXPECT_EQ(read_all(encoded(labels)).size(), kLabelsMax);

  const std::string rest(kLabelSetBytesMax - 3 * (kLabelValueBytesMax + 1) - 1, 'r');
  EXPECT_TRUE(
      are_label_bytes(encoded({{"a", longest_value}, {"b", longest_value}, {"c", longest_value}, {"d", rest}})));
}

TEST(Labels, ARefusalNamesTheMetricTheLabelAndTheNumbers) {
  const std::string long_name(300, 'n');
  const std::string long_value(5000, 'v');
  const std::string big_value(4096, 'v');
  std::vector<std::string> names;
  for (int i = 0; i < 41; ++i) names.push_back("l" + std::to_string(i));
  std::vector<Label> many;
  for (const std::string& name : names) many.push_back({name, "x"});

  const std::vector<std::pair<std::vector<Label>, std::string>> cases = {
      {{}, "no labels: a series needs a name or another label"},
      {{{"a", ""}}, "no labels: a series needs a name or another label"},
      {many, "41 labels, at most 40 are accepted"},
      {{{"", "x"}}, "a label has an empty name"},
      {{{"\xff", "x"}}, "a label name is not UTF-8"},
      {{{"__name__", "\xff"}, {"x", "1"}}, "value of label \"__name__\" is not UTF-8"},
      {{{"__name__", "cpu"}, {"a", "1"}, {"a", "2"}}, "metric \"cpu\": label \"a\" occurs twice"},
      {{{"__name__", "cpu"}, {"a", "\xc0\x80"}}, "metric \"cpu\": value of label \"a\" is not UTF-8"},
      {{{long_name, "x"}}, "label name \"" + long_name.substr(0, 64) + "...\" has 300 bytes, at most 256 are accepted"},
      {{{"a", long_value}}, "value of label \"a\" has 5000 bytes, at most 4096 are accepted"},
      {{{"a", big_value}, {"b", big_value}, {"c", big_value}, {"d", big_value}},
       "labels have 16388 bytes, at most 16384 are accepted"},
  };
  for (const auto& [labels, reason] : cases) EXPECT_EQ(refusal(labels), reason);
}

TEST(Labels, ARefusalLeavesTheBufferAsItWas) {
  std::string out = "kept";
  std::vector<Label> labels = {{"a", "1"}, {"b", "\xff"}};
  EXPECT_FALSE(append_label_bytes(labels, out));
  EXPECT_EQ(out, "kept");
}

TEST(Labels, AMetricNameMayHoldColonsAndMayBeAbsent) {
  EXPECT_EQ(format_labels(encoded({{"__name__", "job:cpu:rate5m"}})), "job:cpu:rate5m");
  EXPECT_EQ(format_labels(encoded({{"b", "2"}, {"a", "x\"\\\n"}})), "{a=\"x\\\"\\\\\\n\",b=\"2\"}");
  EXPECT_EQ(format_labels(encoded({{"__name__", "cpu"}, {"host", "a"}})), "cpu{host=\"a\"}");
}

TEST(Labels, NamesMayHoldAnyUtf8) {
  const std::string bytes = encoded({{"__name__", "http.server.duration"}, {"1-größe", "x"}});
  EXPECT_TRUE(are_label_bytes(bytes));
  EXPECT_EQ(find_label(bytes, "1-größe"), "x");
}

TEST(Labels, AnAbsentLabelHasTheEmptyValue) {
  const std::string bytes = encoded({{"b", "2"}, {"d", "4"}});
  EXPECT_EQ(find_label(bytes, "b"), "2");
  EXPECT_EQ(find_label(bytes, "d"), "4");
  for (const char* name : {"a", "c", "e", ""}) EXPECT_EQ(find_label(bytes, name), "");
}

TEST(Labels, OnlyCanonicalBytesAreLabelBytes) {
  EXPECT_TRUE(
      are_label_bytes(std::string("\x01"
                                  "a\x01"
                                  "1\x01"
                                  "b\x01"
                                  "2")));
  const std::vector<std::pair<std::string, std::string_view>> bad = {
      {"", "no label"},
      {std::string("\x01"
                   "a"),
       "no value"},
      {std::string("\x01"
                   "a\x02"
                   "1"),
       "value cut short"},
      {std::string("\x01"
                   "a\x00",
                   3),
       "empty value"},
      {std::string("\x00\x01"
                   "1",
                   3),
       "empty name"},
      {std::string("\x01"
                   "b\x01"
                   "1\x01"
                   "a\x01"
                   "2"),
       "out of order"},
      {std::string("\x01"
                   "a\x01"
                   "1\x01"
                   "a\x01"
                   "2"),
       "a name twice"},
      {std::string("\x81\x00"
                   "a\x01"
                   "1",
                   5),
       "overlong varint"},
      {std::string("\x01"
                   "a\x01\xff"),
       "value is not UTF-8"},
      {std::string("\x01\xff\x01"
                   "1"),
       "name is not UTF-8"},
      {std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "a size of 2^64 - 1"},
  };
  for (const auto& [bytes, what] : bad) EXPECT_FALSE(are_label_bytes(bytes)) << what;
}

TEST(Labels, NoDamagedByteMakesLabelBytesThatReadBackDifferently) {
  const std::string bytes = encoded({{"__name__", "cpu"}, {"host", "a"}, {"zone", "eu-1"}});
  std::mt19937 random(7);
  for (int round = 0; round < 20000; ++round) {
    std::string damaged = bytes.substr(0, random() % (bytes.size() + 1));
    for (size_t i = random() % 3; i > 0 && !damaged.empty(); --i) {
      damaged[random() % damaged.size()] = static_cast<char>(random());
    }
    if (are_label_bytes(damaged)) {
      EXPECT_EQ(encoded(read_all(damaged)), damaged);
    }
  }
}

TEST(Labels, Utf8IsThatOfRfc3629) {
  const std::vector<std::string> good = {
      "",           "plain",          "eight by",     std::string("a\0b", 3), "gr\u00fc\u00dfe", "\u20ac",
      "\U0001f600", "12345678\u00e4", "\xed\x9f\xbf", "\xee\x80\x80",         "\xf4\x8f\xbf\xbf"};
  const std::vector<std::string> bad = {
      "\x80",         "\xc3",         "\xc0\x80",         "\xc1\xbf",         "\xe0\x9f\xbf",
      "\xed\xa0\x80", "\xe2\x82",     "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
      "\xff",         "12345678\xff", "\xe2\x28\xa1",     "\xf0\x9f\x98"};
  for (const std::string& text : good) EXPECT_TRUE(is_utf8(text)) << testing::PrintToString(text);
  for (const std::string& text : bad) EXPECT_FALSE(is_utf8(text)) << testing::PrintToString(text);
}

TEST(Labels, AQuoteIsEscapedAndClippedBetweenCharacters) {
  EXPECT_EQ(quote("a\"b"), "\"a\\\"b\"");
  EXPECT_EQ(quote(std::string(64, 'x')), '"' + std::string(64, 'x') + "\"");
  EXPECT_EQ(quote(std::string(63, 'x') + "\u00e4"), '"' + std::string(63, 'x') + "...\"");
}

constexpr ParseContext kContext{.arrival_ms = 1795528800000, .timestamp_ms_max = 1795701600000};

TEST(Timestamps, AFutureOneIsDescribedWithAHint) {
  const std::string limit = " is later than 2026-11-26T14:00:00.000Z, the latest accepted";
  const std::string clock = limit + "; compare the sender's clock with the server's";
  const std::vector<std::pair<int64_t, std::string>> cases = {
      {1795701600001, clock},
      {9999999999999, clock},
      {1732363200000000, limit + "; it looks like microseconds, milliseconds are expected"},
      {1732363200000000000, limit + "; it looks like nanoseconds, milliseconds are expected"},
      {INT64_MAX, clock},
  };
  for (const auto& [timestamp_ms, rest] : cases) {
    EXPECT_EQ(describe_future_timestamp(timestamp_ms, kContext), "timestamp " + std::to_string(timestamp_ms) + rest);
  }
}

TEST(Timestamps, OnlyAPresentDateLooksLikeSeconds) {
  for (int64_t seconds : {1000000000, 1732363200, 1795701600}) EXPECT_TRUE(looks_like_seconds(seconds, kContext));
  for (int64_t other : {int64_t{-1}, int64_t{0}, int64_t{999999999}, int64_t{1795701601}, int64_t{1732363200000}}) {
    EXPECT_FALSE(looks_like_seconds(other, kContext)) << other;
  }
}

}  // namespace
}  // namespace ms::model
