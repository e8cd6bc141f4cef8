#include "queueing/plan.h"

#include <gtest/gtest.h>

#include "queueing/mdc_queue.h"

namespace ms::queueing {
namespace {

class PlanTest : public testing::TestWithParam<Demand> {};

TEST_P(PlanTest, TheWorkersSufficeAndOneLessDoesNot) {
  const Demand& demand = GetParam();
  const auto found = plan(demand);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_LE(found->total_p99_s, demand.total_p99_s);
  const MdcQueue enough(demand.rate_per_s, demand.service_time_s, found->workers);
  EXPECT_DOUBLE_EQ(found->total_p99_s, demand.service_time_s + enough.wait_quantile_s(0.99));
  EXPECT_DOUBLE_EQ(found->mean_queue, demand.rate_per_s * found->mean_wait_s);
  EXPECT_DOUBLE_EQ(found->utilisation, demand.rate_per_s * demand.service_time_s / static_cast<double>(found->workers));
  EXPECT_EQ(found->queue_p99, enough.length_quantile(0.99));

  const size_t fewer = found->workers - 1;
  const double capacity = static_cast<double>(fewer) / demand.service_time_s;
  if (demand.rate_per_s >= capacity * kUtilisationMax) return;  // fewer are saturated
  const MdcQueue too_few(demand.rate_per_s, demand.service_time_s, fewer);
  EXPECT_GT(demand.service_time_s + too_few.wait_quantile_s(0.99), demand.total_p99_s);
}

INSTANTIATE_TEST_SUITE_P(Demands, PlanTest,
                         testing::Values(Demand{5000, 0.005, 0.05}, Demand{5000, 0.005, 0.006},
                                         Demand{5000, 0.005, 0.005}, Demand{100, 0.005, 0.05}, Demand{199, 0.005, 0.05},
                                         Demand{0.1, 0.005, 0.005}, Demand{1599, 0.005, 0.05},
                                         Demand{10'000, 0.0001, 0.0005}, Demand{100'000, 0.009, 0.02}));

TEST(PlanTest, FiveThousandASecondAtFiveMillisecondsNeedTwentySixWorkers) {
  const auto found = plan({.rate_per_s = 5000, .service_time_s = 0.005, .total_p99_s = 0.05});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->workers, 26u);
  EXPECT_NEAR(found->mean_queue, 10, 0.1);
  EXPECT_EQ(found->queue_p99, 56u);
}

TEST(PlanTest, AServiceThatAloneTakesTooLongIsImpossible) {
  const auto impossible = plan({.rate_per_s = 1, .service_time_s = 0.005, .total_p99_s = 0.004});
  ASSERT_FALSE(impossible);
  EXPECT_EQ(impossible.error().message, "impossible: the service alone takes 5 ms, more than the bound of 4 ms");
}

TEST(PlanTest, MoreWorkersThanAreCalculatedWithAreNotAnswered) {
  const auto too_many = plan({.rate_per_s = 1'000'000, .service_time_s = 0.005, .total_p99_s = 0.05});
  ASSERT_FALSE(too_many);
  EXPECT_EQ(too_many.error().message, "more than 1024 workers would be needed");
}

}  // namespace
}  // namespace ms::queueing
