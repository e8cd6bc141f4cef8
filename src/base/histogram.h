// Counters and histograms for hot paths: each is written by one thread and read by any.
//
// A single writer needs no locked instruction: it loads, adds and stores, relaxed. Readers see each number whole, and
// the numbers of one histogram at most a few events apart.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ms {

class Counter {
 public:
  void add(uint64_t count = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
  }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_ = 0;
};

// Counts of durations between fixed upper bounds, 1 us to 10 s in steps of 1, 2.5, 5.
class DurationHistogram {
 public:
  static constexpr std::array<uint64_t, 22> kUpperBoundsNs = {
      1'000,       2'500,       5'000,         10'000,        25'000,        50'000,        100'000,    250'000,
      500'000,     1'000'000,   2'500'000,     5'000'000,     10'000'000,    25'000'000,    50'000'000, 100'000'000,
      250'000'000, 500'000'000, 1'000'000'000, 2'500'000'000, 5'000'000'000, 10'000'000'000};

  struct Snapshot {
    std::array<uint64_t, kUpperBoundsNs.size() + 1>
        counts{};  // each bucket alone; the last is what exceeds every bound
    uint64_t count = 0;
    uint64_t sum_ns = 0;

    // The upper bound of the bucket that holds the quantile, 0 < quantile <= 1; the greatest bound for what exceeds it;
    // 0 where nothing was recorded.
    uint64_t quantile_ns(double quantile) const {
      const double wanted = quantile * static_cast<double>(count);
      uint64_t seen = 0;
      for (size_t bucket = 0; count > 0 && bucket < kUpperBoundsNs.size(); ++bucket) {
        seen += counts[bucket];
        if (static_cast<double>(seen) >= wanted) return kUpperBoundsNs[bucket];
      }
      return count > 0 ? kUpperBoundsNs.back() : 0;
    }
  };

  void record(uint64_t duration_ns) {
    size_t bucket = 0;
    while (bucket < kUpperBoundsNs.size() && duration_ns > kUpperBoundsNs[bucket]) ++bucket;
    counts_[bucket].add();
    sum_ns_.add(duration_ns);
  }

  // Adds this histogram to `total`, so that the histograms of several threads become one.
  void add_to(Snapshot& total) const {
    for (size_t i = 0; i < counts_.size(); ++i) {
      const uint64_t count = counts_[i].value();
      total.counts[i] += count;
      total.count += count;
    }
    total.sum_ns += sum_ns_.value();
  }

 private:
  std::array<Counter, kUpperBoundsNs.size() + 1> counts_;
  Counter sum_ns_;
};

}  // namespace ms
