#include "load/request_supply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/clock.h"

namespace ms::load {
namespace {

const WriteRequests& requests_for(size_t series) {
  static const WriteRequests requests({.protocol = Protocol::kJson, .series = 100});
  EXPECT_LE(series, 100u);
  return requests;
}

struct SplitCase {
  const char* name;
  RequestSupply::Settings settings;
};

class RequestSupplySplit : public testing::TestWithParam<SplitCase> {};

// Each lane has its series' samples from the first on, in order, and all lanes together have all.
TEST_P(RequestSupplySplit, LanesHaveEachSampleOnceAndInOrder) {
  const RequestSupply::Settings& settings = GetParam().settings;
  const WriteRequests& requests = requests_for(settings.series);
  RequestSupply supply(requests, settings);
  uint64_t samples = 0;
  size_t series = 0;
  for (size_t lane = 0; lane < settings.lanes; ++lane) {
    const SeriesRange range = RequestSupply::range_of(settings, lane);
    EXPECT_EQ(range.first, series);
    series += range.count;
    uint64_t next = 0;
    while (supply.has_more(lane)) {
      const auto request = supply.take(lane);
      ASSERT_TRUE(request);
      EXPECT_LE(request->samples, settings.samples_per_request);
      EXPECT_EQ(request->bytes, requests.encode(range, next, request->samples).bytes);
      next += request->samples;
    }
    EXPECT_FALSE(supply.take(lane));
    const uint64_t steps = *settings.samples / settings.series;
    EXPECT_GE(next, steps * range.count);
    EXPECT_LE(next, (steps + 1) * range.count);
    samples += next;
  }
  EXPECT_EQ(series, settings.series);
  EXPECT_EQ(samples, *settings.samples);
}

INSTANTIATE_TEST_SUITE_P(
    Splits, RequestSupplySplit,
    testing::Values(
        SplitCase{"Even",
                  {.lanes = 4, .series = 100, .samples_per_request = 25, .samples = 1000, .samples_ahead = 1000}},
        SplitCase{"Uneven",
                  {.lanes = 3, .series = 100, .samples_per_request = 7, .samples = 1234, .samples_ahead = 90}},
        SplitCase{
            "TwoBuilders",
            {.lanes = 3, .series = 100, .samples_per_request = 7, .samples = 999, .samples_ahead = 1, .builders = 2}},
        SplitCase{"StepsInOneRequest",
                  {.lanes = 2, .series = 3, .samples_per_request = 50, .samples = 400, .samples_ahead = 400}},
        SplitCase{"LessThanOneStep",
                  {.lanes = 4, .series = 100, .samples_per_request = 10, .samples = 30, .samples_ahead = 30}}),
    [](const auto& split) { return split.param.name; });

TEST(RequestSupplyTest, BuildsItsQuotaAheadAndNoMoreUntilAnEighthIsLeft) {
  RequestSupply supply(requests_for(10), {.lanes = 1, .series = 10, .samples_per_request = 10, .samples_ahead = 155});
  uint64_t built = 0;
  const auto note = [&](uint64_t samples) { built = samples; };
  supply.wait_filled(note);
  EXPECT_EQ(built, 160u);
  const uint64_t filled_cpu_ns = supply.cpu_ns();
  for (int i = 0; i < 13; ++i) supply.take(0);
  supply.wait_filled(note);
  EXPECT_EQ(built, 160u);
  supply.take(0);
  supply.wait_filled(note);
  EXPECT_EQ(built, 300u);
  EXPECT_GT(supply.cpu_ns(), filled_cpu_ns);
  EXPECT_EQ(supply.waited_ns(), 0u);
}

TEST(RequestSupplyTest, TellsOfItsProgressTenTimesASecondAtMost) {
  const uint64_t begin_ns = monotonic_ns();
  RequestSupply supply(requests_for(100), {.series = 100, .samples_per_request = 10, .samples_ahead = 10'000});
  uint64_t told = 0;
  uint64_t built = 0;
  supply.wait_filled([&](uint64_t samples) {
    ++told;
    built = samples;
  });
  EXPECT_EQ(built, 10'010u);
  EXPECT_LE(told, 1 + (monotonic_ns() - begin_ns) / (100 * kNanosPerMilli));
}

TEST(RequestSupplyTest, WithoutAnEndThereIsAlwaysANextAndAWaitForItIsTold) {
  RequestSupply supply(requests_for(100), {.lanes = 2, .series = 100, .samples_per_request = 100, .samples_ahead = 1});
  uint64_t next = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto request = supply.take(1);
    ASSERT_TRUE(request);
    EXPECT_EQ(request->samples, 100u);
    next += request->samples;
  }
  EXPECT_EQ(next, 100'000u);
  EXPECT_GT(supply.waited_ns(), 0u);
}

}  // namespace
}  // namespace ms::load
