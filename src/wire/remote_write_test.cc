#include "wire/remote_write.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <snappy.h>

#include <bit>
#include <cstdint>
#include <protozero/pbf_writer.hpp>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "model/labels.h"

namespace ms::wire {
namespace {

using model::Label;
using model::Metadata;
using model::MetricType;
using protozero::pbf_writer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr model::ParseContext kContext{.arrival_ms = 1732363200500, .timestamp_ms_max = 1732536000500};
constexpr double kStale = std::bit_cast<double>(uint64_t{0x7ff0000000000002});

struct Sample {
  double value = 0;
  int64_t timestamp_ms = 0;
};

void write_label(pbf_writer& series, const Label& label) {
  pbf_writer message(series, 1);
  message.add_string(1, label.name.data(), label.name.size());
  message.add_string(2, label.value.data(), label.value.size());
}

void write_sample(pbf_writer& series, const Sample& sample) {
  pbf_writer message(series, 2);
  message.add_fixed64(1, std::bit_cast<uint64_t>(sample.value));
  message.add_int64(2, sample.timestamp_ms);
}

void write_series(pbf_writer& request, const std::vector<Label>& labels, const std::vector<Sample>& samples) {
  pbf_writer series(request, 1);
  for (const Label& label : labels) write_label(series, label);
  for (const Sample& sample : samples) write_sample(series, sample);
}

std::string snappy_of(std::string_view message) {
  std::string block;
  snappy::Compress(message.data(), message.size(), &block);
  return block;
}

model::WriteBatch must_parse(const std::string& message) {
  auto batch = parse_remote_write(snappy_of(message), kContext);
  EXPECT_TRUE(batch.has_value()) << batch.error().message;
  return batch.value_or(model::WriteBatch{});
}

std::vector<std::string> lines_of(const model::WriteBatch& batch) {
  std::vector<std::string> lines;
  for (const model::SeriesSlice& slice : batch.series) {
    const auto label_bytes = batch.decode_labels(batch.raw_labels(slice));
    EXPECT_TRUE(label_bytes.has_value()) << label_bytes.error().message;
    std::string line = std::to_string(slice.index) + ": " + model::format_labels(label_bytes.value_or(""));
    for (uint32_t i = slice.sample_begin; i < slice.sample_end; ++i) {
      line += " " + testing::PrintToString(batch.values[i]) + "@" + std::to_string(batch.timestamps_ms[i]);
    }
    lines.push_back(line);
  }
  return lines;
}

std::vector<std::string> rejections_of(const model::WriteBatch& batch) {
  std::vector<std::string> reasons;
  for (const model::Rejection& rejection : batch.rejections.told) {
    reasons.push_back(std::to_string(rejection.index) + ": " + rejection.reason);
  }
  return reasons;
}

TEST(RemoteWrite, SeriesKeepTheirOrderAndTheirSamples) {
  std::string message;
  pbf_writer request(message);
  write_series(request, {{"__name__", "up"}, {"job", "a"}}, {{1, 1000}, {0, 2000}});
  write_series(request, {{"__name__", "empty"}}, {});
  write_series(request, {{"job", "b"}, {"__name__", "up"}}, {{-2.5, -7}});
  const model::WriteBatch batch = must_parse(message);
  EXPECT_THAT(lines_of(batch), ElementsAre("0: up{job=\"a\"} 1@1000 0@2000", "2: up{job=\"b\"} -2.5@-7"));
  EXPECT_THAT(batch.rejections.told, IsEmpty());
}

TEST(RemoteWrite, RawLabelsAreTheLabelFieldsAsTheyLieInTheBody) {
  std::string message;
  pbf_writer request(message);
  write_series(request, {{"a", "1"}, {"b", "2"}}, {{1, 1000}});
  const model::WriteBatch batch = must_parse(message);
  EXPECT_EQ(batch.bytes, message);
  EXPECT_EQ(batch.raw_labels(batch.series.at(0)),
            "\x0a\x06\x0a\x01"
            "a\x12\x01"
            "1\x0a\x06\x0a\x01"
            "b\x12\x01"
            "2");
}

TEST(RemoteWrite, ValuesAreKeptBitForBit) {
  const std::vector<uint64_t> patterns = {0x7ff0000000000002,  // a staleness marker: a signalling NaN
                                          0x7ff8000000000001, 0xfff8000000000000, 0x7ff0000000000001,
                                          0xfff0000000000003, 0x7ff0000000000000, 0x8000000000000000,
                                          0x0000000000000001, 0x7fefffffffffffff};
  std::vector<Sample> samples;
  for (const uint64_t bits : patterns) samples.push_back({std::bit_cast<double>(bits), 5});
  std::string message;
  pbf_writer request(message);
  write_series(request, {{"a", "1"}}, samples);
  const model::WriteBatch batch = must_parse(message);
  const std::vector<double> moved = std::vector<double>(batch.values.begin(), batch.values.end());
  ASSERT_EQ(moved.size(), patterns.size());
  for (size_t i = 0; i < patterns.size(); ++i) EXPECT_EQ(std::bit_cast<uint64_t>(moved[i]), patterns[i]);
}

TEST(RemoteWrite, FieldsComeInAnyOrderAndUnknownOnesAreSkipped) {
  std::string message;
  pbf_writer request(message);
  request.add_string(99, "unknown");
  request.add_uint32(1, 7);  // a series of another wire type is an unknown field
  {
    pbf_writer series(request, 1);
    series.add_fixed32(50, 1);
    write_sample(series, {4, 1000});
    write_label(series, {"b", "2"});
    series.add_string(3, "an exemplar");
    {
      pbf_writer label(series, 1);
      label.add_string(2, "x");
      label.add_int32(9, 9);
      label.add_string(1, "__name__");
    }
    {
      pbf_writer sample(series, 2);
      sample.add_int64(2, 1);
      sample.add_string(8, "unknown");
      sample.add_int64(2, 2000);
      sample.add_double(1, 5);
    }
    write_label(series, {"a", "1"});
    write_label(series, {"c", "3"});
    write_sample(series, {});
  }
  write_series(request, {{"d", "4"}}, {{6, 3000}});
  const model::WriteBatch batch = must_parse(message);
  EXPECT_THAT(lines_of(batch), ElementsAre("0: x{a=\"1\",b=\"2\",c=\"3\"} 4@1000 5@2000 0@0", "1: {d=\"4\"} 6@3000"));
  // The scattered labels stand behind the body, in the order in which they were sent, and without what lay between.
  ASSERT_TRUE(batch.bytes.starts_with(message));
  std::string labels;
  pbf_writer copy(labels);
  write_label(copy, {"b", "2"});
  labels += "\x0a\x0f\x12\x01x\x48\x09\x0a\x08__name__";
  write_label(copy, {"a", "1"});
  write_label(copy, {"c", "3"});
  EXPECT_EQ(batch.raw_labels(batch.series.at(0)), labels);
  EXPECT_EQ(batch.bytes, message + labels);
}

TEST(RemoteWrite, ALoneSampleReadsLikeOneThatAFieldFollows) {
  using namespace std::string_literals;
  const std::string value = "\x09\0\0\0\0\0\x4a\x93\x40"s;
  const struct {
    std::string sample;
    std::vector<std::string> lines;  // none: no sample
    bool is_broken = false;
  } cases[] = {
      {value + "\x10\x80\xcc\x92\xc7\xb5\x32", {"0: a 1234.5@1732363200000"}},
      {value + "\x10\0"s, {"0: a 1234.5@0"}},
      {value + "\x10\x80\0"s, {"0: a 1234.5@0"}},
      {value + "\x10" + std::string(9, '\xff') + "\x01", {"0: a 1234.5@-1"}},
      {value, {"0: a 1234.5@0"}},
      {"\x10\x05" + value, {"0: a 1234.5@5"}},
      {value + "\x10\x05" + value, {"0: a 1234.5@5"}},
      {value + "\x10\x05\x10\x07", {"0: a 1234.5@7"}},
      {value + "\x18\x05", {"0: a 1234.5@0"}},
      {"", {"0: a 0@0"}},
      {value + "\x10\x80", {}, true},
      {value + "\x10", {}, true},
      {value.substr(0, 5), {}, true},
  };
  for (const auto& [sample, lines, is_broken] : cases) {
    for (const std::string_view behind : {"", "\x98\x06\x01"}) {
      std::string message;
      pbf_writer request(message);
      {
        pbf_writer series(request, 1);
        write_label(series, {"__name__", "a"});
        series.add_message(2, sample);
        message += behind;
      }
      const auto batch = parse_remote_write(snappy_of(message), kContext);
      EXPECT_EQ(batch.has_value(), !is_broken);
      EXPECT_THAT(lines_of(batch.value_or(model::WriteBatch{})), testing::ElementsAreArray(lines));
    }
  }
}

TEST(RemoteWrite, ALateSampleIsDroppedAndItsSeriesTold) {
  std::string message;
  pbf_writer request(message);
  write_series(request, {{"__name__", "fine"}}, {{1, kContext.timestamp_ms_max}});
  write_series(request, {{"__name__", "cpu"}, {"host", "a"}},
               {{1, 1000}, {2, 1732363200000000000}, {3, kContext.timestamp_ms_max + 1}, {4, 4000}});
  write_series(request, {{"__name__", "cpu"}, {"host", "b"}}, {{kStale, kContext.timestamp_ms_max + 1}});
  const model::WriteBatch batch = must_parse(message);
  EXPECT_THAT(lines_of(batch), ElementsAre("0: fine 1@1732536000500", "1: cpu{host=\"a\"} 1@1000 4@4000"));
  EXPECT_THAT(
      rejections_of(batch),
      ElementsAre("1: cpu{host=\"a\"}: timestamp 1732363200000000000 is later than 2024-11-25T12:00:00.500Z, the "
                  "latest accepted; it looks like nanoseconds, milliseconds are expected",
                  "2: cpu{host=\"b\"}: timestamp 1732536000501 is later than 2024-11-25T12:00:00.500Z, the "
                  "latest accepted; compare the sender's clock with the server's"));
  EXPECT_EQ(batch.rejections.count, 2u);
  EXPECT_EQ(batch.rejections.samples, 3u);
}

TEST(RemoteWrite, NativeHistogramsAreRejectedAndTheFloatsOfTheSeriesKept) {
  std::string message;
  pbf_writer request(message);
  {
    pbf_writer series(request, 1);
    write_label(series, {"__name__", "latency"});
    series.add_string(4, "a histogram");
    write_sample(series, {1, 1000});
    series.add_string(4, "another");
    write_label(series, {"host", "a"});
  }
  const model::WriteBatch batch = must_parse(message);
  EXPECT_THAT(lines_of(batch), ElementsAre("0: latency{host=\"a\"} 1@1000"));
  EXPECT_THAT(rejections_of(batch), ElementsAre("0: latency{host=\"a\"}: native histograms are not supported"));
  EXPECT_EQ(batch.rejections.samples, 2u);
}

TEST(RemoteWrite, MetadataIsKept) {
  std::string message;
  pbf_writer request(message);
  for (int type = 0; type <= 8; ++type) {
    pbf_writer metadata(request, 3);
    metadata.add_enum(1, type);
    metadata.add_string(2, "m" + std::to_string(type));
    metadata.add_string(4, "help");
    metadata.add_string(5, "unit");
  }
  request.add_string(3, "");  // of no metric
  const model::WriteBatch batch = must_parse(message);
  std::vector<MetricType> types;
  for (const Metadata& metadata : batch.metadata) types.push_back(metadata.type);
  EXPECT_THAT(types, ElementsAre(MetricType::kUnknown, MetricType::kCounter, MetricType::kGauge, MetricType::kHistogram,
                                 MetricType::kGaugeHistogram, MetricType::kSummary, MetricType::kInfo,
                                 MetricType::kStateset, MetricType::kUnknown));
  EXPECT_EQ(batch.metadata.at(1), (Metadata{"m1", MetricType::kCounter, "help", "unit"}));
  EXPECT_EQ(batch.sample_count(), 0u);
}

TEST(RemoteWrite, LabelsAtFaultAreRefusedByTheDecoderWithAReason) {
  const std::string long_value(5000, 'v');
  const std::string filler(4000, 'v');
  std::vector<Label> huge;
  for (int i = 0; i < 9; ++i) huge.push_back({"a", filler});
  const std::vector<std::pair<std::vector<Label>, std::string>> cases = {
      {{}, "no labels: a series needs a name or another label"},
      {{{"__name__", "cpu"}, {"__name__", "mem"}}, "metric \"cpu\": label \"__name__\" occurs twice"},
      {{{"__name__", "cpu"}, {"host", long_value}},
       "metric \"cpu\": value of label \"host\" has 5000 bytes, at most 4096 are accepted"},
      {huge, "labels have 36081 bytes as sent, at most 32768 are accepted"},
  };
  for (const auto& [labels, reason] : cases) {
    std::string message;
    pbf_writer request(message);
    write_series(request, labels, {{1, 1000}});
    const model::WriteBatch batch = must_parse(message);
    const auto label_bytes = batch.decode_labels(batch.raw_labels(batch.series.at(0)));
    ASSERT_FALSE(label_bytes.has_value()) << reason;
    EXPECT_EQ(label_bytes.error().message, reason);
  }
}

TEST(RemoteWrite, ALabelThatIsNoMessageIsRefusedByTheDecoder) {
  std::string message;
  pbf_writer request(message);
  {
    pbf_writer series(request, 1);
    series.add_string(1,
                      "\x0a\x05"
                      "ab");
    write_sample(series, {1, 1000});
  }
  const model::WriteBatch batch = must_parse(message);
  const auto label_bytes = batch.decode_labels(batch.raw_labels(batch.series.at(0)));
  ASSERT_FALSE(label_bytes.has_value());
  EXPECT_THAT(label_bytes.error().message, StartsWith("a label is not a protocol buffer: "));
}

TEST(RemoteWrite, WhatIsNoWriteRequestIsRefusedWhole) {
  std::string good;
  pbf_writer request(good);
  write_series(request, {{"a", "1"}}, {{1, 1000}});
  const std::string overlong = std::string(11, '\xff');
  for (const std::string& message : {good + "\x0a\x7f", good + overlong, good + "\x0b", good + std::string("\x00", 1),
                                     good + "\x0a\x02\x12\x05", good + "\x0a\x02\x0a\x05"}) {
    const auto batch = parse_remote_write(snappy_of(message), kContext);
    ASSERT_FALSE(batch.has_value()) << testing::PrintToString(message);
    EXPECT_EQ(batch.error().code, ErrorCode::kInvalid);
    EXPECT_THAT(batch.error().message, StartsWith("body is not a remote write request: "));
  }
}

TEST(RemoteWrite, ASizeThatSnappyCannotReachIsRefusedBeforeAnythingIsAllocated) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "body is not a snappy block"},
      {"\xff\xff\xff\xff\xff\xff", "body is not a snappy block"},
      {"\xff\xff\xff\xff\x0f", "body of 5 bytes claims to hold 4294967295, which snappy cannot do"},
      {std::string("\x31\x00", 2), "body of 2 bytes claims to hold 49, which snappy cannot do"},
      {std::string("\x30\x00", 2), "body is not a snappy block, or is damaged"},
      {"plain text, which is not compressed", "body is not a snappy block, or is damaged"},
  };
  for (const auto& [body, message] : cases) {
    const auto batch = parse_remote_write(body, kContext);
    ASSERT_FALSE(batch.has_value()) << message;
    EXPECT_EQ(batch.error().code, ErrorCode::kInvalid);
    EXPECT_EQ(batch.error().message, message);
  }
}

TEST(RemoteWrite, ABodyBeyondTheLimitIsTooLarge) {
  std::string message;
  pbf_writer request(message);
  write_series(request, {{"a", std::string(1000, 'v')}}, {{1, 1000}});
  model::ParseContext context = kContext;
  context.decoded_bytes_max = message.size();
  EXPECT_TRUE(parse_remote_write(snappy_of(message), context).has_value());
  context.decoded_bytes_max = message.size() - 1;
  const auto batch = parse_remote_write(snappy_of(message), context);
  ASSERT_FALSE(batch.has_value());
  EXPECT_EQ(batch.error().code, ErrorCode::kTooLarge);
  EXPECT_THAT(batch.error().message, HasSubstr("bytes decompressed, at most"));
}

TEST(RemoteWrite, ManyTinySamplesOrMetadataEntriesAreTooLarge) {
  std::string samples;
  for (size_t i = 0; i <= kSamplesMax; ++i) samples.append("\x12\x00", 2);
  std::string one_series;
  pbf_writer(one_series).add_message(1, samples);
  std::string metadata;
  for (size_t i = 0; i <= kMetadataMax; ++i)
    metadata.append(
        "\x1a\x03\x12\x01"
        "a");
  for (const std::string& message : {one_series, metadata}) {
    const auto batch = parse_write_request(message, kContext);
    ASSERT_FALSE(batch.has_value());
    EXPECT_EQ(batch.error().code, ErrorCode::kTooLarge);
    EXPECT_THAT(batch.error().message, StartsWith("body has more than the "));
  }
}

std::string write_numbered_request() {
  std::string message;
  pbf_writer request(message);
  for (int i = 0; i < 6; ++i) {
    const std::string host = "host" + std::to_string(i);
    write_series(request, {{"__name__", "cpu"}, {"host", host}}, {{1000.5 + i, 2000 + i}, {3000.5 + i, 4000 + i}});
  }
  return message;
}

TEST(RemoteWrite, NoTruncationYieldsWhatWasNotSent) {
  const std::string message = write_numbered_request();
  const std::vector<std::string> sent = lines_of(must_parse(message));
  ASSERT_EQ(sent.size(), 6u);
  for (size_t size = 0; size < message.size(); ++size) {
    const auto batch = parse_write_request(message.substr(0, size), kContext);
    if (!batch)
      continue;  // a cut between two series leaves a shorter request, which no reader can tell from a whole one
    const std::vector<std::string> kept = lines_of(*batch);
    EXPECT_EQ(kept, std::vector<std::string>(sent.begin(), sent.begin() + static_cast<ptrdiff_t>(kept.size()))) << size;
  }
}

TEST(RemoteWrite, NoTruncationOfTheCompressedBodyIsAccepted) {
  const std::string block = snappy_of(write_numbered_request());
  for (size_t size = 0; size < block.size(); ++size) {
    EXPECT_FALSE(parse_remote_write(std::string_view(block).substr(0, size), kContext).has_value()) << size;
  }
}

TEST(RemoteWrite, DamagedBytesNeverCrash) {
  const std::string message = write_numbered_request();
  std::mt19937 random(3);
  for (int round = 0; round < 20000; ++round) {
    std::string damaged = message;
    for (size_t i = random() % 4 + 1; i > 0; --i) damaged[random() % damaged.size()] = static_cast<char>(random());
    const auto batch = parse_write_request(damaged, kContext);
    if (!batch) continue;
    for (const model::SeriesSlice& slice : batch->series) {
      const auto label_bytes = batch->decode_labels(batch->raw_labels(slice));
      EXPECT_TRUE(!label_bytes || model::are_label_bytes(*label_bytes));
    }
  }
}

}  // namespace
}  // namespace ms::wire
