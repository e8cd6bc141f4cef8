// What parsing costs, alone: figures are per request; items per second count samples.
#include <benchmark/benchmark.h>
#include <snappy.h>

#include <bit>
#include <cstdint>
#include <protozero/pbf_writer.hpp>
#include <string>

#include "wire/json_metrics.h"
#include "wire/remote_write.h"

namespace ms::wire {
namespace {

constexpr model::ParseContext kContext{.arrival_ms = 1732363200500, .timestamp_ms_max = 1732536000500};

// 1,000 series with a sample each; 8 labels of 196 bytes in all.
std::string write_request() {
  constexpr int kSeries = 1000;
  std::string message;
  protozero::pbf_writer request(message);
  for (int i = 0; i < kSeries; ++i) {
    const std::string number = std::to_string(1000 + i);
    protozero::pbf_writer series(request, 1);
    const auto write_label = [&series](const std::string& name, const std::string& value) {
      protozero::pbf_writer label(series, 1);
      label.add_string(1, name);
      label.add_string(2, value);
    };
    write_label("__name__", "node_network_transmit_bytes_total");
    write_label("cluster", "production-eu-1");
    write_label("datacenter", "frankfurt-2");
    write_label("device", "eth" + number);
    write_label("environment", "production");
    write_label("instance", "10.21.32." + number + ":9100");
    write_label("job", "node-exporter-fleet");
    write_label("rack", "row-7-rack-" + number);
    protozero::pbf_writer sample(series, 2);
    sample.add_double(1, 1234.5 + i);
    sample.add_int64(2, 1732363200000);
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
  std::string body;
  snappy::Compress(message.data(), message.size(), &body);
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
