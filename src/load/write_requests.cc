#include "load/write_requests.h"

#include "model/labels.h"
#include "wire/json_metrics_encoder.h"
#include "wire/remote_write_encoder.h"

namespace ms::load {
namespace {

std::string encode_series(Protocol protocol, const std::vector<model::Label>& labels) {
  return protocol == Protocol::kJson ? wire::encode_json_series(labels) : wire::encode_label_fields(labels);
}

}  // namespace

WriteRequests::WriteRequests(const Settings& settings)
    : target_(settings.target),
      protocol_(settings.protocol),
      workload_(settings.seed),
      start_ms_(settings.start_ms),
      step_ms_(settings.step_ms) {
  series_.reserve(settings.series);
  for (size_t series = 0; series < settings.series; ++series) {
    const auto pairs = workload_.labels(series);
    std::vector<model::Label> labels;
    labels.reserve(pairs.size());
    for (const auto& [name, value] : pairs) labels.push_back({name, value});
    series_.push_back(encode_series(protocol_, labels));
  }
}

WriteRequest WriteRequests::encode(SeriesRange range, uint64_t first, size_t count) const {
  const std::string body = encode_body(range, first, count);
  return {.bytes = write_request(target_, protocol_, true, body), .body_bytes = body.size(), .samples = count};
}

std::string WriteRequests::encode_body(SeriesRange range, uint64_t first, size_t count) const {
  constexpr size_t kBytesOfASample = 40;  // beside its series
  const bool is_json = protocol_ == Protocol::kJson;
  std::string body;
  body.reserve(count * (series_[range.first].size() + kBytesOfASample));
  if (is_json) body += "{\"metrics\":[";
  for (uint64_t sample = first; sample < first + count; ++sample) {
    const size_t series = range.first + sample % range.count;
    const uint64_t step = sample / range.count;
    const int64_t timestamp_ms = start_ms_ + static_cast<int64_t>(step) * step_ms_;
    const double value = workload_.value(series, step);
    if (is_json) {
      if (sample != first) body += ',';
      wire::append_json_metric(body, series_[series], timestamp_ms, value);
    } else {
      wire::append_time_series(body, series_[series], {{{timestamp_ms, value}}});
    }
  }
  if (!is_json) return wire::compress_snappy(body);
  return body += "]}";
}

}  // namespace ms::load
