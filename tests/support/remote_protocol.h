// Prometheus' remote write and remote read 1.0 as a client speaks them: protobuf in a snappy block. Field numbers are
// those of Prometheus' prompb/types.proto and prompb/remote.proto.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/series_map.h"

namespace ms::test {

struct WrittenSeries {
  LabelPairs labels;                                // sent in this order
  std::vector<std::pair<int64_t, double>> samples;  // timestamp in ms, value
};

// The body of a POST to /api/v1/write.
std::string encode_remote_write(const std::vector<WrittenSeries>& series);

// The body of a POST to /api/v1/read that asks for every sample of every series in [min_ms, max_ms].
std::string encode_read_everything(int64_t min_ms, int64_t max_ms);

// The samples of a remote read reply of the type SAMPLES. An error for one that is malformed, or that has a series or a
// timestamp of a series twice.
std::expected<SeriesMap, std::string> decode_read_reply(std::string_view body);

}  // namespace ms::test
