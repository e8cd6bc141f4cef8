// LogLinearBuckets: which bucket of a histogram a value falls into, as in HdrHistogram: each power of two is cut into
// 2^kPartsLog2 equal parts, so that a bucket's upper bound is within 1 / 2^kPartsLog2 of each value in it.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace ms {

template <unsigned kPartsLog2>
struct LogLinearBuckets {
  static constexpr size_t kParts = size_t{1} << kPartsLog2;
  static constexpr size_t kCount = (65 - kPartsLog2) * kParts;

  // Values below kParts have a bucket each; bucket kParts * n + p is part p of a power of two above.
  static size_t bucket_of(uint64_t value) {
    if (value < kParts) return value;
    const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - 1 - kPartsLog2;
    return shift * kParts + (value >> shift);
  }

  static uint64_t upper_bound(size_t bucket) {
    if (bucket < 2 * kParts) return bucket;
    const size_t shift = bucket / kParts - 1;
    return ((kParts + bucket % kParts + 1) << shift) - 1;
  }
};

}  // namespace ms
