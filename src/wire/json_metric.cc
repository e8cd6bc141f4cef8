#include "wire/json_metric.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "wire/json_labels.h"

namespace ms::wire {
namespace {

constexpr size_t kMetricBytesTypical = 128;  // what is reserved for at the start: a metric of a few tags
constexpr int kRecentBits = 8;               // of a place among the names seen last

// The NaN that Go and so Prometheus write where a calculation has no number.
constexpr double kNan = std::bit_cast<double>(uint64_t{0x7ff8000000000001});

// By the name's first and last eight bytes.
size_t recent_slot(std::string_view name) {
  uint64_t first = 0;
  uint64_t last = 0;
  const size_t bytes = std::min(name.size(), sizeof first);
  std::memcpy(&first, name.data(), bytes);
  std::memcpy(&last, name.data() + name.size() - bytes, bytes);
  return ((first ^ std::rotl(last, 29)) * 0x9e3779b97f4a7c15u) >> (64 - kRecentBits);
}

}  // namespace

const JsonFieldName* find_json_field(const char* quoted) {
  for (const JsonFieldName& known : kJsonFieldNames) {
    if (quoted[0] != known.key[0] || quoted[1] != known.key[1]) continue;
    return std::string_view(quoted, known.key.size()) == known.key && quoted[known.key.size()] == '"' ? &known
                                                                                                      : nullptr;
  }
  return nullptr;
}

std::optional<model::MetricType> find_json_type(std::string_view text) {
  if (text == "counter") return model::MetricType::kCounter;
  if (text == "gauge") return model::MetricType::kGauge;
  if (text == "histogram") return model::MetricType::kHistogram;
  if (text == "summary") return model::MetricType::kSummary;
  return std::nullopt;
}

std::optional<double> find_special_number(std::string_view text) {
  if (text == "NaN") return kNan;
  if (text == "+Inf" || text == "Inf") return HUGE_VAL;
  if (text == "-Inf") return -HUGE_VAL;
  return std::nullopt;
}

JsonMetricBatch::JsonMetricBatch(size_t body_bytes) {
  batch_.decode_labels = decode_json_labels;
  batch_.bytes.reserve(body_bytes + kRawJsonLabelsOverhead);
  const size_t metrics_expected = 1 + body_bytes / kMetricBytesTypical;
  batch_.series.reserve(metrics_expected);
  batch_.timestamps_ms.reserve(metrics_expected);
  batch_.values.reserve(metrics_expected);
}

void JsonMetricBatch::add(const JsonMetric& metric) {
  const size_t offset = batch_.bytes.size();
  append_raw_json_labels(batch_.bytes, metric.name_token, metric.tags);
  const auto sample = static_cast<uint32_t>(batch_.values.size());
  batch_.series.push_back({.labels_offset = static_cast<uint32_t>(offset),
                           .labels_bytes = static_cast<uint32_t>(batch_.bytes.size() - offset),
                           .sample_begin = sample,
                           .sample_end = sample + 1,
                           .index = index_++});
  batch_.timestamps_ms.push_back(metric.timestamp_ms);
  batch_.values.push_back(metric.value);
  if (metric.type) keep_type(metric.name, *metric.type);
}

// Mostly a type comes again and again with the few names of a body: those seen last are looked at first.
void JsonMetricBatch::keep_type(std::string_view name, model::MetricType type) {
  const unsigned bit = 1u << static_cast<unsigned>(type);
  if (recent_.empty()) recent_.resize(size_t{1} << kRecentBits);
  TypesKept& recent = recent_[recent_slot(name)];
  if ((recent.types & bit) != 0 && recent.name == name) return;
  unsigned& kept = types_kept_[name];
  if ((kept & bit) == 0) batch_.metadata.push_back({.metric = std::string(name), .type = type, .help = {}, .unit = {}});
  kept |= bit;
  recent = {name, kept};
}

}  // namespace ms::wire
