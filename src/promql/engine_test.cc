#include "promql/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <string>
#include <utility>
#include <vector>

#include "model/labels.h"
#include "model/staleness.h"
#include "promql/memory_store_testing.h"
#include "promql/parser.h"

namespace ms::promql {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr int64_t kT = 1'732'363'200'000;
const double kStale = std::bit_cast<double>(model::kStaleMarkerBits);

using Points = std::vector<std::pair<int64_t, double>>;  // {ms after kT, value}

class EngineTest : public testing::Test {
 protected:
  // Sample times are in milliseconds after kT.
  void add(std::vector<model::Label> labels, Points points) {
    for (auto& [timestamp_ms, value] : points) timestamp_ms += kT;
    store_.add(std::move(labels), points);
  }

  Result<Value> evaluate(std::string_view query, int64_t after_ms, const Limits& limits = {}) {
    return Engine(store_).evaluate(*parse_query(query), kT + after_ms, limits);
  }

  // Series and values of a vector.
  std::vector<std::pair<std::string, double>> vector(std::string_view query, int64_t after_ms) {
    std::vector<std::pair<std::string, double>> found;
    const Value value = evaluate(query, after_ms).value();
    for (const VectorSample& sample : std::get<Vector>(value)) {
      EXPECT_EQ(sample.timestamp_ms, kT + after_ms);
      found.emplace_back(model::format_labels(sample.label_bytes), sample.value);
    }
    return found;
  }

  static std::vector<std::pair<std::string, Points>> describe(const Matrix& matrix) {
    std::vector<std::pair<std::string, Points>> found;
    for (const storage::SeriesSamples& series : matrix) {
      Points points;
      for (size_t i = 0; i < series.values.size(); ++i)
        points.emplace_back(series.timestamps_ms[i] - kT, series.values[i]);
      found.emplace_back(model::format_labels(series.label_bytes), points);
    }
    return found;
  }

  std::vector<std::pair<std::string, Points>> matrix(std::string_view query, int64_t after_ms) {
    return describe(std::get<Matrix>(evaluate(query, after_ms).value()));
  }

  std::vector<std::pair<std::string, Points>> steps(std::string_view query, int64_t start_ms, int64_t end_ms,
                                                    int64_t step_ms) {
    const Steps steps{kT + start_ms, kT + end_ms, step_ms};
    return describe(Engine(store_).evaluate_steps(*parse_query(query), steps, {}).value());
  }

  storage::MemoryStore store_;
};

TEST_F(EngineTest, ANumberIsItselfAtAnyTime) {
  EXPECT_EQ(std::get<Scalar>(*evaluate("-1.5", 7)), (Scalar{kT + 7, -1.5}));
  EXPECT_THAT(steps("2", 0, 20, 10), ElementsAre(Pair("", Points{{0, 2}, {10, 2}, {20, 2}})));
}

TEST_F(EngineTest, TheLookBackIncludesBothOfItsEnds) {
  add({{"__name__", "up"}}, {{0, 1}});
  EXPECT_THAT(vector("up", -1), IsEmpty());
  EXPECT_THAT(vector("up", 0), ElementsAre(Pair("up", 1)));
  EXPECT_THAT(vector("up", 300'000), ElementsAre(Pair("up", 1)));
  EXPECT_THAT(vector("up", 300'001), IsEmpty());
}

TEST_F(EngineTest, TheNewestSampleOfTheLookBackIsTaken) {
  add({{"__name__", "up"}}, {{0, 1}, {1000, 2}, {2000, 3}});
  EXPECT_THAT(vector("up", 1999), ElementsAre(Pair("up", 2)));
  EXPECT_THAT(vector("up", 2000), ElementsAre(Pair("up", 3)));
}

TEST_F(EngineTest, AStalenessMarkerEndsASeriesUntilItsNextSample) {
  add({{"__name__", "up"}}, {{0, 1}, {15'000, kStale}, {30'000, 2}});
  EXPECT_THAT(vector("up", 14'999), ElementsAre(Pair("up", 1)));
  EXPECT_THAT(vector("up", 15'000), IsEmpty());
  EXPECT_THAT(vector("up", 29'999), IsEmpty());
  EXPECT_THAT(vector("up", 30'000), ElementsAre(Pair("up", 2)));
  EXPECT_THAT(steps("up", 0, 40'000, 10'000),
              ElementsAre(Pair("up", Points{{0, 1}, {10'000, 1}, {30'000, 2}, {40'000, 2}})));
}

TEST_F(EngineTest, ARangeLeavesStalenessMarkersOut) {
  add({{"__name__", "up"}}, {{0, 1}, {15'000, kStale}, {30'000, 2}});
  add({{"__name__", "up"}, {"job", "gone"}}, {{15'000, kStale}});
  EXPECT_THAT(matrix("up[1m]", 30'000), ElementsAre(Pair("up", Points{{0, 1}, {30'000, 2}})));
}

TEST_F(EngineTest, AnOtherNaNIsAValue) {
  add({{"__name__", "up"}}, {{0, std::bit_cast<double>(uint64_t{0x7ff8000000000001})}});
  const auto found = vector("up", 0);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(std::bit_cast<uint64_t>(found[0].second), 0x7ff8000000000001);
}

TEST_F(EngineTest, ARangeIncludesBothOfItsEnds) {
  add({{"__name__", "up"}}, {{0, 1}, {30'000, 2}, {60'000, 3}});
  EXPECT_THAT(matrix("up[1m]", 60'000), ElementsAre(Pair("up", Points{{0, 1}, {30'000, 2}, {60'000, 3}})));
  EXPECT_THAT(matrix("up[1m]", 60'001), ElementsAre(Pair("up", Points{{30'000, 2}, {60'000, 3}})));
  EXPECT_THAT(matrix("up[1m]", 59'999), ElementsAre(Pair("up", Points{{0, 1}, {30'000, 2}})));
  EXPECT_THAT(matrix("up[1m]", 120'001), IsEmpty());
}

TEST_F(EngineTest, StepsFillGapsUpToTheLookBack) {
  add({{"__name__", "up"}}, {{0, 1}, {600'000, 2}});
  EXPECT_THAT(steps("up", -60'000, 720'000, 120'000),
              ElementsAre(Pair("up", Points{{60'000, 1}, {180'000, 1}, {300'000, 1}, {660'000, 2}})));
}

TEST_F(EngineTest, SamplesBeforeTheFirstStepCount) {
  add({{"__name__", "up"}}, {{0, 1}});
  EXPECT_THAT(steps("up", 299'000, 302'000, 1000), ElementsAre(Pair("up", Points{{299'000, 1}, {300'000, 1}})));
}

TEST_F(EngineTest, ManySamplesBetweenTwoStepsAreSkipped) {
  Points points;
  for (int64_t i = 0; i < 1000; ++i) points.emplace_back(i, static_cast<double>(i));
  add({{"__name__", "up"}}, points);
  EXPECT_THAT(steps("up", 10, 999, 400), ElementsAre(Pair("up", Points{{10, 10}, {410, 410}, {810, 810}})));
}

TEST_F(EngineTest, SeriesAreSelectedByTheirMatchersAndSortedByTheirLabels) {
  add({{"__name__", "cpu"}, {"host", "b"}}, {{0, 2}});
  add({{"__name__", "cpu"}, {"host", "aaaaaaaaaa"}}, {{0, 1}});
  add({{"__name__", "cpu"}, {"host", "b"}, {"zone", "x"}}, {{0, 3}});
  add({{"__name__", "cpu"}, {"Host", "b"}}, {{0, 4}});
  add({{"__name__", "mem"}, {"host", "b"}}, {{0, 5}});
  EXPECT_THAT(vector("cpu", 0), ElementsAre(Pair("cpu{Host=\"b\"}", 4), Pair("cpu{host=\"aaaaaaaaaa\"}", 1),
                                            Pair("cpu{host=\"b\"}", 2), Pair("cpu{host=\"b\",zone=\"x\"}", 3)));
  EXPECT_THAT(vector("cpu{host=~\"a.*\"}", 0), ElementsAre(Pair("cpu{host=\"aaaaaaaaaa\"}", 1)));
  EXPECT_THAT(vector("{host=\"b\",zone=\"\"}", 0), ElementsAre(Pair("cpu{host=\"b\"}", 2), Pair("mem{host=\"b\"}", 5)));
  EXPECT_THAT(vector("cpu{zone!=\"\"}", 0), ElementsAre(Pair("cpu{host=\"b\",zone=\"x\"}", 3)));
  EXPECT_THAT(matrix("mem[1s]", 0), ElementsAre(Pair("mem{host=\"b\"}", Points{{0, 5}})));
}

TEST_F(EngineTest, AMatrixSelectorHasNoValueAtAStep) {
  const auto refused = Engine(store_).evaluate_steps(*parse_query("up[5m]"), {kT, kT, 1000}, {});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
  EXPECT_EQ(refused.error().message,
            "invalid expression type \"range vector\" for range query, must be Scalar or instant Vector");
}

TEST_F(EngineTest, TooManySamplesAreRefusedWhetherLoadedOrFound) {
  add({{"__name__", "up"}}, {{0, 1}, {1, 1}, {2, 1}});
  const Limits limits{.samples_max = 2};
  const auto loaded = evaluate("up", 10, limits);
  ASSERT_FALSE(loaded.has_value());
  EXPECT_EQ(loaded.error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(loaded.error().message, "query processing would load too many samples into memory in query execution");
  EXPECT_TRUE(evaluate("up", 1, limits).has_value());

  const auto found = Engine(store_).evaluate_steps(*parse_query("up"), {kT, kT + 3, 1}, {.samples_max = 3});
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, ErrorCode::kTooLarge);
}

TEST_F(EngineTest, AQueryEndsAtItsDeadline) {
  add({{"__name__", "up"}}, {{0, 1}});
  const auto late = evaluate("up", 0, {.deadline_ns = 1});
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(late.error().message, "query timed out in query queue");
}

TEST_F(EngineTest, TimesAtTheLimitDoNotOverflow) {
  for (const int64_t time_ms : {-kTimeMsMax, kTimeMsMax}) {
    EXPECT_TRUE(Engine(store_).evaluate(*parse_query("up[292y]"), time_ms, {}).has_value());
  }
  const Steps steps{-kTimeMsMax, kTimeMsMax, kTimeMsMax};
  EXPECT_EQ(steps.count(), 3);
  EXPECT_TRUE(Engine(store_).evaluate_steps(*parse_query("up"), steps, {}).has_value());
}

}  // namespace
}  // namespace ms::promql
