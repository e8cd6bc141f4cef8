// What parsing costs, alone: figures are per request; items per second count samples.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

#include "wire/json_metrics.h"
#include "wire/remote_write.h"
#include "wire/remote_write_encoder.h"

namespace ms::wire {
namespace {

constexpr model::ParseContext kContext{.arrival_ms = 1732363200500, .timestamp_ms_max = 1732536000500};

// 1,000 series with a sample each; 8 labels of 196 bytes in all.
std::string write_request() {
  constexpr int kSeries = 1000;
  std::string message;
  for (int i = 0; i < kSeries; ++i) {
    const std::string number = std::to_string(1000 + i);
    const std::string device = "eth" + number;
    const std::string instance = "10.21.32." + number + ":9100";
    const std::string rack = "row-7-rack-" + number;
    const std::vector<model::Label> labels = {{"__name__", "node_network_transmit_bytes_total"},
                                              {"cluster", "production-eu-1"},
                                              {"datacenter", "frankfurt-2"},
                                              {"device", device},
                                              {"environment", "production"},
                                              {"instance", instance},
                                              {"job", "node-exporter-fleet"},
                                              {"rack", rack}};
    append_time_series(message, encode_label_fields(labels), {{{1732363200000, 1234.5 + i}}});
  }
  return message;
}

// The same series, as JSON.
std::string json_request() {
  constexpr int kMetrics = 1000;
  std::string body = "{\"metrics\":[";
  for (int i = 0; i < kMetrics; ++i) {
    const std::string number = std::to_string(1000 + i);
    if (i > 0) body += ',';
    body += R"({"name":"node_network_transmit_bytes_total","value":)" + number +
            R"(.5,"type":"counter","timestamp":1732363200000,"tags":{"cluster":"production-eu-1",)" +
            R"("datacenter":"frankfurt-2","device":"eth)" + number +
            R"(","environment":"production","instance":"10.21.32.)" + number +
            R"(:9100","job":"node-exporter-fleet","rack":"row-7-rack-)" + number + "\"}}";
  }
  return body + "]}";
}

void set_counts(benchmark::State& state, size_t bytes, size_t samples) {
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * samples));
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * bytes));
}

void RemoteWriteWithSnappy(benchmark::State& state) {
  const std::string message = write_request();
  const std::string body = compress_snappy(message);
  size_t samples = 0;
  for (auto _ : state) samples = parse_remote_write(body, kContext)->sample_count();
  set_counts(state, message.size(), samples);
}
BENCHMARK(RemoteWriteWithSnappy);

// Includes a copy of the message, in place of the decompression.
void RemoteWriteWithoutSnappy(benchmark::State& state) {
  const std::string message = write_request();
  size_t samples = 0;
  for (auto _ : state) samples = parse_write_request(message, kContext)->sample_count();
  set_counts(state, message.size(), samples);
}
BENCHMARK(RemoteWriteWithoutSnappy);

void DecodeLabels(benchmark::State& state) {
  const auto batch = parse_write_request(write_request(), kContext);
  for (auto _ : state) {
    for (const model::SeriesSlice& slice : batch->series) {
      benchmark::DoNotOptimize(batch->decode_labels(batch->raw_labels(slice)));
    }
  }
  set_counts(state, batch->bytes.size(), batch->sample_count());
}
BENCHMARK(DecodeLabels);

void JsonMetrics(benchmark::State& state) {
  const std::string body = json_request();
  size_t samples = 0;
  for (auto _ : state) samples = parse_json_metrics(body, kContext)->sample_count();
  set_counts(state, body.size(), samples);
}
BENCHMARK(JsonMetrics);

}  // namespace
}  // namespace ms::wire
