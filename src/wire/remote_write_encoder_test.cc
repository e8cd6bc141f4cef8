#include "wire/remote_write_encoder.h"

#include <gtest/gtest.h>

#include <bit>
#include <limits>
#include <vector>

#include "wire/remote_write.h"

namespace ms::wire {
namespace {

constexpr model::ParseContext kContext{.timestamp_ms_max = std::numeric_limits<int64_t>::max()};

TEST(RemoteWriteEncoder, WhatIsEncodedIsParsedBitForBit) {
  const std::string long_value(300, 'x');
  const std::vector<model::Label> labels = {{"__name__", "up"}, {"job", "\xc3\xbc"}, {"long", long_value}};
  const std::vector<TimedValue> samples = {{0, 0.1},
                                           {-1, -0.0},
                                           {127, std::bit_cast<double>(uint64_t{0x7ff0000000000002})},
                                           {std::numeric_limits<int64_t>::min(), 1e300},
                                           {std::numeric_limits<int64_t>::max(), 5e-324}};
  std::string message;
  append_time_series(message, encode_label_fields(labels), samples);
  append_time_series(message, encode_label_fields({{labels[0]}}), {});
  append_time_series(message, encode_label_fields({{labels[0]}}), {{samples[1]}});
  const auto batch = parse_remote_write(compress_snappy(message), kContext);
  ASSERT_TRUE(batch) << batch.error().message;

  ASSERT_EQ(batch->series.size(), 2u);
  EXPECT_EQ(batch->series[0].sample_end, samples.size());
  EXPECT_EQ(batch->series[1].index, 2u);
  const auto decoded = batch->decode_labels(batch->raw_labels(batch->series[0]));
  std::vector<model::Label> expected = labels;
  EXPECT_EQ(decoded.value_or(""), model::encode_labels(expected).value_or("none"));
  ASSERT_EQ(batch->sample_count(), samples.size() + 1);
  for (size_t i = 0; i < samples.size(); ++i) {
    EXPECT_EQ(batch->timestamps_ms[i], samples[i].timestamp_ms);
    EXPECT_EQ(std::bit_cast<uint64_t>(batch->values[i]), std::bit_cast<uint64_t>(samples[i].value));
  }
}

}  // namespace
}  // namespace ms::wire
