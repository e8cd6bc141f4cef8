// QuantileHistogram: counts of durations so fine that a quantile is within 1/32 of the truth, whatever its size; for
// figures that people read, where DurationHistogram's few fixed buckets are for /metrics.
//
// Log-linear buckets, as in HdrHistogram: each power of two is cut into 32 equal parts. Written by one thread, read by
// any.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/histogram.h"

namespace ms {

class QuantileHistogram {
 public:
  void record(uint64_t duration_ns) {
    counts_[bucket_of(duration_ns)].add();
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
      bound_ns = upper_bound_ns(bucket);
      if (static_cast<double>(seen) >= wanted) break;
    }
    return bound_ns;
  }

 private:
  static constexpr unsigned kPartsLog2 = 5;
  static constexpr size_t kParts = size_t{1} << kPartsLog2;

  // Values below kParts have a bucket each; bucket kParts * n + p is part p of a power of two above.
  static size_t bucket_of(uint64_t value) {
    if (value < kParts) return value;
    const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - 1 - kPartsLog2;
    return shift * kParts + (value >> shift);
  }
  static uint64_t upper_bound_ns(size_t bucket) {
    if (bucket < 2 * kParts) return bucket;
    const size_t shift = bucket / kParts - 1;
    return ((kParts + bucket % kParts + 1) << shift) - 1;
  }

  std::array<Counter, (65 - kPartsLog2) * kParts> counts_;
  Counter count_;
};

}  // namespace ms
