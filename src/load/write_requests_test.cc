#include "load/write_requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "model/labels.h"
#include "wire/json_metrics.h"
#include "wire/remote_write.h"

namespace ms::load {
namespace {

constexpr int64_t kStartMs = 1732363200000;
constexpr int64_t kStepMs = 10'000;
constexpr uint64_t kSeed = 5;

WriteRequests::Settings settings_of(Protocol protocol, size_t series) {
  return {.target = {.host = "127.0.0.1:8080"},
          .protocol = protocol,
          .series = series,
          .seed = kSeed,
          .start_ms = kStartMs,
          .step_ms = kStepMs};
}

model::WriteBatch must_parse(Protocol protocol, const WriteRequest& request) {
  const size_t head_end = request.bytes.find("\r\n\r\n");
  const std::string body = request.bytes.substr(head_end + 4);
  EXPECT_EQ(body.size(), request.body_bytes);
  EXPECT_THAT(request.bytes, testing::HasSubstr("\r\nContent-Length: " + std::to_string(body.size()) + "\r\n"));
  const model::ParseContext context{.timestamp_ms_max = kStartMs + 100 * kStepMs};
  auto batch =
      protocol == Protocol::kJson ? wire::parse_json_metrics(body, context) : wire::parse_remote_write(body, context);
  EXPECT_TRUE(batch) << batch.error().message;
  return std::move(batch).value_or(model::WriteBatch{});
}

std::string label_bytes(size_t series) {
  const auto pairs = Workload(kSeed).labels(series);
  std::vector<model::Label> labels;
  for (const auto& [name, value] : pairs) labels.push_back({name, value});
  return model::encode_labels(labels).value_or("");
}

class WriteRequestsTest : public testing::TestWithParam<Protocol> {};

// From the middle of one step over a whole one into the third.
TEST_P(WriteRequestsTest, HoldsTheSamplesOfItsRangeStepByStep) {
  constexpr SeriesRange kRange{.first = 90, .count = 30};
  constexpr uint64_t kFirst = 20;
  const WriteRequest request = WriteRequests(settings_of(GetParam(), 200)).encode(kRange, kFirst, 60);
  EXPECT_EQ(request.samples, 60u);
  const model::WriteBatch batch = must_parse(GetParam(), request);
  EXPECT_EQ(batch.rejections.count, 0u);
  ASSERT_EQ(batch.series.size(), 60u);
  for (size_t i = 0; i < batch.series.size(); ++i) {
    const uint64_t step = (kFirst + i) / kRange.count;
    const size_t series = kRange.first + (kFirst + i) % kRange.count;
    EXPECT_EQ(batch.timestamps_ms[i], kStartMs + static_cast<int64_t>(step) * kStepMs);
    EXPECT_EQ(batch.values[i], Workload(kSeed).value(series, step));
    EXPECT_EQ(batch.decode_labels(batch.raw_labels(batch.series[i])).value_or("none"), label_bytes(series));
  }
}

INSTANTIATE_TEST_SUITE_P(Protocols, WriteRequestsTest, testing::Values(Protocol::kRemoteWrite, Protocol::kJson),
                         [](const auto& test) {
                           return std::string(test.param == Protocol::kJson ? "Json" : "RemoteWrite");
                         });

}  // namespace
}  // namespace ms::load
