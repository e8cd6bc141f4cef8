// Latencies: durations by the million in constant memory, with quantiles within 1 % of the truth.
//
// Each power of two is cut into 128 equal parts (LogLinearBuckets). Mean and maximum are exact.
// Confined to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/json_builder.h"
#include "load/attempts.h"

namespace ms::load {

class Latencies {
 public:
  Latencies();

  void record(uint64_t duration_ns);
  void merge(const Latencies& other);
  uint64_t count() const { return count_; }
  // All 0 where nothing was recorded.
  Summary summary() const;

 private:
  uint64_t quantile_ns(double quantile) const;

  std::vector<uint64_t> counts_;
  uint64_t count_ = 0;
  uint64_t sum_ns_ = 0;
  uint64_t max_ns_ = 0;
};

// "key":{"p50":..,"p90":..,"p99":..,"p999":..,"max":..,"mean":..} in microseconds; null where nothing was recorded.
void write_us(JsonBuilder& json, std::string_view key, const Latencies& latencies);

}  // namespace ms::load
