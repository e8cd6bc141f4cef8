#include "load/latencies.h"

#include <algorithm>
#include <cmath>

#include "base/log_linear_buckets.h"

namespace ms::load {
namespace {

using Buckets = LogLinearBuckets<7>;

}  // namespace

Latencies::Latencies() : counts_(Buckets::kCount) {}

void Latencies::record(uint64_t duration_ns) {
  ++counts_[Buckets::bucket_of(duration_ns)];
  ++count_;
  sum_ns_ += duration_ns;
  max_ns_ = std::max(max_ns_, duration_ns);
}

void Latencies::merge(const Latencies& other) {
  for (size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  sum_ns_ += other.sum_ns_;
  max_ns_ = std::max(max_ns_, other.max_ns_);
}

uint64_t Latencies::quantile_ns(double quantile) const {
  const auto wanted = static_cast<uint64_t>(std::ceil(quantile * static_cast<double>(count_)));
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    seen += counts_[bucket];
    if (seen >= wanted) return std::min(Buckets::upper_bound(bucket), max_ns_);
  }
  return max_ns_;
}

Summary Latencies::summary() const {
  if (count_ == 0) return {};
  return {.mean_ns = static_cast<double>(sum_ns_) / static_cast<double>(count_),
          .p50_ns = quantile_ns(0.5),
          .p90_ns = quantile_ns(0.9),
          .p99_ns = quantile_ns(0.99),
          .p999_ns = quantile_ns(0.999),
          .max_ns = max_ns_};
}

void write_us(JsonBuilder& json, std::string_view key, const Latencies& latencies) {
  json.key(key);
  if (latencies.count() == 0) return json.null();
  const Summary summary = latencies.summary();
  json.begin_object();
  json.key("p50").us(summary.p50_ns);
  json.key("p90").us(summary.p90_ns);
  json.key("p99").us(summary.p99_ns);
  json.key("p999").us(summary.p999_ns);
  json.key("max").us(summary.max_ns);
  json.key("mean").real(summary.mean_ns / 1000);
  json.end_object();
}

}  // namespace ms::load
