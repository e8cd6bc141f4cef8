#include "base/histogram.h"

#include <gtest/gtest.h>

namespace ms {
namespace {

TEST(DurationHistogramTest, ABoundBelongsToItsBucket) {
  DurationHistogram histogram;
  histogram.record(0);
  histogram.record(1'000);
  histogram.record(1'001);
  histogram.record(60'000'000'000);
  DurationHistogram::Snapshot snapshot;
  histogram.add_to(snapshot);
  EXPECT_EQ(snapshot.counts[0], 2u);
  EXPECT_EQ(snapshot.counts[1], 1u);
  EXPECT_EQ(snapshot.counts.back(), 1u);
  EXPECT_EQ(snapshot.count, 4u);
  EXPECT_EQ(snapshot.sum_ns, 60'000'002'001u);
}

TEST(DurationHistogramTest, HistogramsOfSeveralThreadsAddUp) {
  DurationHistogram one;
  DurationHistogram other;
  one.record(3'000);
  other.record(3'000);
  DurationHistogram::Snapshot total;
  one.add_to(total);
  other.add_to(total);
  EXPECT_EQ(total.counts[2], 2u);
  EXPECT_EQ(total.count, 2u);
}

TEST(DurationHistogramTest, AQuantileIsTheUpperBoundOfItsBucket) {
  EXPECT_EQ(DurationHistogram::Snapshot{}.quantile_ns(0.99), 0u);
  DurationHistogram histogram;
  for (int i = 0; i < 98; ++i) histogram.record(900);
  histogram.record(3'000);
  DurationHistogram::Snapshot snapshot;
  histogram.add_to(snapshot);
  EXPECT_EQ(snapshot.quantile_ns(0.5), 1'000u);
  EXPECT_EQ(snapshot.quantile_ns(1), 5'000u);
  for (int i = 0; i < 100; ++i) histogram.record(60'000'000'000);
  snapshot = {};
  histogram.add_to(snapshot);
  EXPECT_EQ(snapshot.quantile_ns(0.99), 10'000'000'000u) << "the greatest bound";
}

}  // namespace
}  // namespace ms
