#include "base/quantile_histogram.h"

#include <gtest/gtest.h>

#include <memory>

namespace ms {
namespace {

TEST(QuantileHistogram, AnEmptyOneAnswersZero) {
  const auto histogram = std::make_unique<QuantileHistogram>();
  EXPECT_EQ(histogram->quantile_ns(0.5), 0u);
}

TEST(QuantileHistogram, QuantilesAreWithinAThirtySecondOfTheTruth) {
  const auto histogram = std::make_unique<QuantileHistogram>();
  for (uint64_t value = 1; value <= 100'000; ++value) histogram->record(value);
  for (const double quantile : {0.001, 0.01, 0.5, 0.9, 0.99, 1.0}) {
    const double truth = quantile * 100'000;
    const auto answer = static_cast<double>(histogram->quantile_ns(quantile));
    EXPECT_GE(answer, truth) << quantile;
    EXPECT_LE(answer, truth * (1 + 1.0 / 32)) << quantile;
  }
}

TEST(QuantileHistogram, TakesEveryValue) {
  for (const uint64_t value : {uint64_t{0}, uint64_t{31}, uint64_t{32}, uint64_t{63}, uint64_t{64}, ~uint64_t{0}}) {
    const auto histogram = std::make_unique<QuantileHistogram>();
    histogram->record(value);
    EXPECT_GE(histogram->quantile_ns(1), value);
    EXPECT_LE(histogram->quantile_ns(1) - value, value / 32) << value;
  }
}

}  // namespace
}  // namespace ms
