#include "queueing/predict.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <numeric>
#include <queue>
#include <vector>

#include "load/arrivals.h"

namespace ms::queueing {
namespace {

constexpr double kServiceS = 0.005;

struct Simulated {
  double served_per_s = 0;
  double mean_wait_s = 0;
  double wait_p50_s = 0;
  double wait_p99_s = 0;
};

// The queue itself: who finds it full is lost; who has waited for longer than the bound when a server takes them up is
// refused, and costs it nothing.
Simulated simulate(const Inputs& inputs, double seconds) {
  const double age_bound_s = std::min(inputs.target_s, inputs.deadline_s);
  std::priority_queue<double, std::vector<double>, std::greater<>> free_at(std::greater<>(),
                                                                           std::vector<double>(inputs.servers, 0.0));
  std::deque<double> waiting;
  std::vector<double> waits;
  const auto take_up_until = [&](double now) {
    while (!waiting.empty() && free_at.top() <= now) {
      const double begin = std::max(waiting.front(), free_at.top());
      const double wait = begin - waiting.front();
      waiting.pop_front();
      if (wait > age_bound_s) continue;
      waits.push_back(wait);
      free_at.pop();
      free_at.push(begin + inputs.service_time_s);
    }
  };
  for (const uint64_t at_ns : load::poisson_arrivals(inputs.rate_per_s, static_cast<uint64_t>(seconds * 1e9), 3)) {
    const double now = static_cast<double>(at_ns) * 1e-9;
    take_up_until(now);
    if (waiting.size() < inputs.room || (waiting.empty() && free_at.top() <= now)) waiting.push_back(now);
    take_up_until(now);
  }
  std::ranges::sort(waits);
  const auto count = static_cast<double>(waits.size());
  return {.served_per_s = count / seconds,
          .mean_wait_s = std::accumulate(waits.begin(), waits.end(), 0.0) / count,
          .wait_p50_s = waits[waits.size() / 2],
          .wait_p99_s = waits[waits.size() * 99 / 100]};
}

struct BoundedCase {
  const char* name;
  Inputs inputs;
  double wait_tolerance_s;
};

class BoundedQueueTest : public testing::TestWithParam<BoundedCase> {};

TEST_P(BoundedQueueTest, ServesAndWaitsAsPredicted) {
  const Inputs& inputs = GetParam().inputs;
  const Prediction predicted = predict(inputs);
  const Simulated simulated = simulate(inputs, 1000);
  EXPECT_NEAR(predicted.served_per_s, simulated.served_per_s, 0.02 * simulated.served_per_s);
  EXPECT_NEAR(predicted.served_per_s + predicted.lost_per_s, inputs.rate_per_s, 1e-9 * inputs.rate_per_s);
  const double tolerance_s = GetParam().wait_tolerance_s;
  EXPECT_NEAR(predicted.mean_wait_s, simulated.mean_wait_s, tolerance_s);
  EXPECT_NEAR(predicted.wait_p50_s, simulated.wait_p50_s, tolerance_s);
  EXPECT_NEAR(predicted.wait_p99_s, simulated.wait_p99_s, tolerance_s);
}

INSTANTIATE_TEST_SUITE_P(
    Bounds, BoundedQueueTest,
    testing::Values(BoundedCase{"OneServerHalfLoaded", {100, kServiceS, 1, 1025}, 0.0005},
                    BoundedCase{"OneServerWithLittleRoom", {180, kServiceS, 1, 3}, 0.0003},
                    BoundedCase{"OneServerWithADeadline", {190, kServiceS, 1, 1025, kNoLimit, 0.02}, 0.0005},
                    BoundedCase{"OneServerOverloadedByAFifth", {240, kServiceS, 1, 20}, 0.003},
                    BoundedCase{"OneServerFiveTimesOverloaded", {1000, kServiceS, 1, 129}, 0.004},
                    BoundedCase{"EightServersAtNineTenths", {1440, kServiceS, 8, 65'536, 0.05, 1}, 0.0005},
                    BoundedCase{"EightServersJustOverloaded", {1640, kServiceS, 8, 65'536, 0.05, 1}, 0.004},
                    BoundedCase{"EightServersTwiceOverloaded", {3200, kServiceS, 8, 65'536, 0.05, 1}, 0.002},
                    BoundedCase{"EightServersTwiceOverloadedInAShortQueue", {3200, kServiceS, 8, 40, 0.05, 1}, 0.003}),
    [](const auto& test) { return test.param.name; });

TEST(PredictTest, InlineAtFiveTimesItsCapacityFillsTheListenQueue) {
  const Prediction inline_server =
      predict({.rate_per_s = 1000, .service_time_s = kServiceS, .servers = 1, .room = 1025});
  EXPECT_DOUBLE_EQ(inline_server.utilisation, 5);
  EXPECT_DOUBLE_EQ(inline_server.served_per_s, 200);
  EXPECT_DOUBLE_EQ(inline_server.lost_per_s, 800);
  EXPECT_NEAR(inline_server.mean_wait_s, 1025 * kServiceS, kServiceS);
  EXPECT_NEAR(inline_server.mean_queue, 1025, 1);
}

TEST(PredictTest, ThePoolInOverloadServesItsCapacityAndRefusesTheRestAtTheTarget) {
  const Inputs inputs{.rate_per_s = 10'000,
                      .service_time_s = kServiceS,
                      .servers = 8,
                      .room = 65'536,
                      .target_s = 0.05,
                      .deadline_s = 1};
  const Prediction pool = predict(inputs);
  EXPECT_DOUBLE_EQ(pool.served_per_s, 1600);
  EXPECT_DOUBLE_EQ(pool.lost_per_s, 8400);
  EXPECT_NEAR(pool.mean_wait_s, 0.05, 0.001);
  EXPECT_LE(pool.wait_p99_s, 0.05);
  EXPECT_NEAR(pool.mean_queue, 500, 2);  // all that come wait for the target
}

TEST(PredictTest, OfTargetDeadlineAndRoomTheTightestHolds) {
  const Inputs wide{
      .rate_per_s = 3200, .service_time_s = kServiceS, .servers = 8, .room = 1600, .target_s = 2, .deadline_s = 3};
  EXPECT_NEAR(predict(wide).mean_wait_s, 1, 0.001);
  EXPECT_NEAR(predict(wide).mean_queue, 1600, 2);
  Inputs by_target = wide;
  by_target.target_s = 0.1;
  EXPECT_NEAR(predict(by_target).mean_wait_s, 0.1, 0.001);
  Inputs by_deadline = wide;
  by_deadline.deadline_s = 0.2;
  EXPECT_NEAR(predict(by_deadline).mean_wait_s, 0.2, 0.001);
}

TEST(PredictTest, AtExactlyItsCapacityTheWaitIsAnythingUpToTheBound) {
  const Prediction saturated = predict({.rate_per_s = 200, .service_time_s = kServiceS, .servers = 1, .room = 100});
  EXPECT_DOUBLE_EQ(saturated.mean_wait_s, 0.25);
  EXPECT_DOUBLE_EQ(saturated.wait_p50_s, 0.25);
}

TEST(PredictTest, WithoutRoomNobodyWaits) {
  for (const double rate : {100.0, 1000.0}) {
    const Prediction none = predict({.rate_per_s = rate, .service_time_s = kServiceS, .servers = 1, .room = 0});
    EXPECT_EQ(none.mean_wait_s, 0) << rate;
    EXPECT_EQ(none.wait_p99_s, 0) << rate;
    EXPECT_EQ(none.mean_queue, 0) << rate;
  }
  // Erlang's loss formula: rho / (1 + rho).
  const Prediction half = predict({.rate_per_s = 100, .service_time_s = kServiceS, .servers = 1, .room = 0});
  EXPECT_NEAR(half.lost_per_s, 100.0 / 3, 1e-9);
}

TEST(PredictTest, TheFormulaIsNamed) {
  const auto formula = [](double rate, size_t servers) { return predict({rate, kServiceS, servers, 100}).formula; };
  EXPECT_TRUE(formula(100, 1).starts_with("M/D/1: Pollaczek")) << formula(100, 1);
  EXPECT_TRUE(formula(800, 8).starts_with("M/D/8: Crommelin")) << formula(800, 8);
  EXPECT_TRUE(formula(2000, 8).starts_with("M/D/8 in saturation")) << formula(2000, 8);
}

}  // namespace
}  // namespace ms::queueing
