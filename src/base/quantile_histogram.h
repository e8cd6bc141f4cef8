// QuantileHistogram: counts of durations so fine that a quantile is within 1/32 of the truth, whatever its size; for
// figures that people read, where DurationHistogram's few fixed buckets are for /metrics.
//
// Each power of two is cut into 32 equal parts (LogLinearBuckets). Written by one thread, read by any.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/histogram.h"
#include "base/log_linear_buckets.h"

namespace ms {

class QuantileHistogram {
 public:
  void record(uint64_t duration_ns) {
    counts_[Buckets::bucket_of(duration_ns)].add();
    count_.add();
  }

  uint64_t count() const { return count_.value(); }

  // The upper bound of the bucket that holds the quantile, 0 < quantile <= 1; 0 where nothing was recorded.
  uint64_t quantile_ns(double quantile) const {
    const double wanted = quantile * static_cast<double>(count());
    uint64_t seen = 0;
    uint64_t bound_ns = 0;
    for (size_t bucket = 0; bucket < counts_.size(); ++bucket) {
      const uint64_t count = counts_[bucket].value();
      if (count == 0) continue;
      seen += count;
      bound_ns = Buckets::upper_bound(bucket);
      if (static_cast<double>(seen) >= wanted) break;
    }
    return bound_ns;
  }

 private:
  using Buckets = LogLinearBuckets<5>;

  std::array<Counter, Buckets::kCount> counts_;
  Counter count_;
};

}  // namespace ms
