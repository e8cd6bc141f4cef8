#include "load/latencies.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <vector>

namespace ms::load {
namespace {

TEST(Latencies, QuantilesAreWithinOnePercentOfTheTruth) {
  std::mt19937_64 random(3);
  std::lognormal_distribution<double> any_ns(12, 3);
  Latencies odd;
  Latencies even;
  std::vector<uint64_t> all;
  for (int i = 0; i < 100'000; ++i) {
    all.push_back(static_cast<uint64_t>(any_ns(random)));
    (i % 2 == 0 ? even : odd).record(all.back());
  }
  odd.merge(even);
  const Summary found = odd.summary();
  const Summary truth = summarize(all);
  const auto expect_near = [](uint64_t value, uint64_t expected) {
    EXPECT_GE(value, expected);
    EXPECT_LE(static_cast<double>(value), static_cast<double>(expected) * 1.01);
  };
  expect_near(found.p50_ns, truth.p50_ns);
  expect_near(found.p90_ns, truth.p90_ns);
  expect_near(found.p99_ns, truth.p99_ns);
  expect_near(found.p999_ns, truth.p999_ns);
  EXPECT_EQ(found.max_ns, truth.max_ns);
  EXPECT_NEAR(found.mean_ns, truth.mean_ns, truth.mean_ns * 1e-9);
}

TEST(Latencies, OfOneAllAreThatOneAndOfNoneZero) {
  Latencies latencies;
  EXPECT_EQ(latencies.summary().p50_ns, 0u);
  latencies.record(123'456'789);
  EXPECT_EQ(latencies.summary().p50_ns, 123'456'789u);
  EXPECT_EQ(latencies.summary().p999_ns, 123'456'789u);
}

TEST(Latencies, TheLongestDurationThereIsHasABucket) {
  Latencies latencies;
  latencies.record(UINT64_MAX);
  latencies.record(0);
  EXPECT_EQ(latencies.summary().max_ns, UINT64_MAX);
  EXPECT_EQ(latencies.summary().p50_ns, 0u);
}

TEST(Latencies, AreWrittenInMicrosecondsAndNullWhereThereIsNone) {
  Latencies latencies;
  latencies.record(1500);
  JsonBuilder json;
  json.begin_object();
  write_us(json, "latency_us", latencies);
  write_us(json, "lag_us", Latencies());
  json.end_object();
  EXPECT_EQ(std::move(json).take(),
            R"({"latency_us":{"p50":1.5,"p90":1.5,"p99":1.5,"p999":1.5,"max":1.5,"mean":1.5},"lag_us":null})");
}

}  // namespace
}  // namespace ms::load
