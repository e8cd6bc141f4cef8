#include "load/arrivals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/clock.h"

namespace ms::load {
namespace {

TEST(PoissonArrivals, AreInOrderWithinTheDurationAndTheSameForASeed) {
  const auto arrivals = poisson_arrivals(1000, kNanosPerSecond, 5);
  EXPECT_TRUE(std::ranges::is_sorted(arrivals));
  EXPECT_LT(arrivals.back(), kNanosPerSecond);
  EXPECT_EQ(arrivals, poisson_arrivals(1000, kNanosPerSecond, 5));
  EXPECT_NE(arrivals, poisson_arrivals(1000, kNanosPerSecond, 6));
}

// In each second the count has the rate as its mean and as its variance.
TEST(PoissonArrivals, CountsHaveTheMeanAndTheVarianceOfThePoissonDistribution) {
  constexpr double kRate = 400;
  constexpr size_t kSeconds = 1000;
  std::vector<double> counts(kSeconds, 0);
  for (const uint64_t at_ns : poisson_arrivals(kRate, kSeconds * kNanosPerSecond, 1)) ++counts[at_ns / kNanosPerSecond];
  double mean = 0;
  for (const double count : counts) mean += count / kSeconds;
  double variance = 0;
  for (const double count : counts) variance += (count - mean) * (count - mean) / kSeconds;
  EXPECT_NEAR(mean, kRate, 4 * std::sqrt(kRate / kSeconds));
  EXPECT_NEAR(variance, kRate, 4 * kRate * std::sqrt(2.0 / kSeconds));
}

TEST(PoissonArrivals, TheFirstSoManyAreThoseOfALongEnoughTime) {
  auto arrivals = poisson_arrivals(1000, 2 * kNanosPerSecond, 5);
  arrivals.resize(1500);
  EXPECT_EQ(first_poisson_arrivals(1000, 1500, 5), arrivals);
}

TEST(PoissonArrivals, ALowRateInAShortTimeMayBringNobody) {
  EXPECT_THAT(poisson_arrivals(0.001, kNanosPerMilli, 1), testing::IsEmpty());
}

TEST(BurstArrivals, AllComeAtTheBegin) { EXPECT_THAT(burst_arrivals(3), testing::ElementsAre(0, 0, 0)); }

}  // namespace
}  // namespace ms::load
