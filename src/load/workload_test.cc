#include "load/workload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include "model/labels.h"

namespace ms::load {
namespace {

constexpr size_t kSeries = 10'000;

std::string label_bytes(const Workload& workload, size_t series) {
  const auto pairs = workload.labels(series);
  std::vector<model::Label> labels;
  for (const auto& [name, value] : pairs) labels.push_back({name, value});
  return model::encode_labels(labels).value_or("");
}

TEST(Workload, EachSeriesHasANameAndEightLabelsSortedAndIsNoOther) {
  const Workload workload(1);
  std::set<std::string> known;
  std::set<std::string> names;
  std::set<std::string> hosts;
  for (size_t series = 0; series < kSeries; ++series) {
    const auto labels = workload.labels(series);
    ASSERT_EQ(labels.size(), 9u);
    EXPECT_TRUE(std::ranges::is_sorted(labels));
    EXPECT_TRUE(std::ranges::all_of(labels, [](const auto& label) { return !label.second.empty(); }));
    EXPECT_TRUE(known.insert(label_bytes(workload, series)).second) << series;
    names.insert(labels[0].second);
    hosts.insert(labels[3].second);
  }
  EXPECT_EQ(names.size(), Workload::kMetrics);
  EXPECT_EQ(hosts.size(), kSeries / Workload::kMetrics);
}

TEST(Workload, ACounterGrowsInEachStepByVaryingAmounts) {
  const Workload workload(1);
  for (size_t series = 0; series < Workload::kMetrics; ++series) {
    if (Workload::kind(series) != MetricKind::kCounter) continue;
    std::set<double> increases;
    for (uint64_t step = 0; step < 500; ++step) {
      const double value = workload.value(series, step);
      EXPECT_EQ(value, std::floor(value));
      const double increase = workload.value(series, step + 1) - value;
      EXPECT_GT(increase, 0);
      EXPECT_LE(increase, 20'000);
      increases.insert(increase);
    }
    EXPECT_GT(increases.size(), 1u);
  }
}

TEST(Workload, AGaugeWandersBetween0And100WithTwoDecimals) {
  const Workload workload(1);
  for (size_t series = 0; series < Workload::kMetrics; ++series) {
    if (Workload::kind(series) != MetricKind::kGauge) continue;
    std::set<double> values;
    for (uint64_t step = 0; step < 500; ++step) {
      const double value = workload.value(series, step);
      EXPECT_GE(value, 0);
      EXPECT_LE(value, 100);
      EXPECT_EQ(value, std::round(value * 100) / 100);
      EXPECT_LT(std::abs(workload.value(series, step + 1) - value), 3);
      values.insert(value);
    }
    EXPECT_GT(values.size(), 50u);
  }
}

TEST(Workload, AConstantStays) {
  const Workload workload(1);
  size_t constants = 0;
  for (size_t series = 0; series < Workload::kMetrics; ++series) {
    if (Workload::kind(series) != MetricKind::kConstant) continue;
    ++constants;
    for (const uint64_t step : {1, 2, 1'000'000}) EXPECT_EQ(workload.value(series, step), workload.value(series, 0));
  }
  EXPECT_GT(constants, 5u);
}

TEST(Workload, IsTheSameForASeedAndAnotherForAnother) {
  size_t different = 0;
  for (size_t series = 0; series < kSeries; ++series) {
    EXPECT_EQ(Workload(7).value(series, 3), Workload(7).value(series, 3));
    EXPECT_EQ(label_bytes(Workload(7), series), label_bytes(Workload(7), series));
    if (Workload(7).value(series, 3) != Workload(8).value(series, 3)) ++different;
  }
  EXPECT_GT(different, kSeries / 2);
}

}  // namespace
}  // namespace ms::load
