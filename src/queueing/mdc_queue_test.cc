#include "queueing/mdc_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "base/clock.h"
#include "load/arrivals.h"
#include "queueing/lindley.h"

namespace ms::queueing {
namespace {

// In units of the service time.
MdcQueue queue_of(size_t servers, double utilisation) {
  return {utilisation * static_cast<double>(servers), 1.0, servers};
}

TEST(MdcQueueTest, OneServerHasTheMeanOfPollaczekAndKhinchine) {
  for (const double rho : {0.01, 0.5, 0.9, 0.99, 0.9999}) {
    const double expected = rho / (2 * (1 - rho));
    EXPECT_NEAR(queue_of(1, rho).mean_wait_s(), expected, 1e-9 * expected) << rho;
  }
}

// Erlang (1909): P(W <= t) = (1 - rho) sum[i <= t] (-rho (t - i))^i / i! e^{rho (t - i)}, with the service time as
// unit.
TEST(MdcQueueTest, OneServerHasTheDistributionOfErlang) {
  for (const double rho : {0.1, 0.5, 0.8, 0.95}) {
    const MdcQueue queue = queue_of(1, rho);
    for (double t = 0; t < 8; t += 0.25) {
      double sum = 0;
      double factorial = 1;
      for (int i = 0; i <= t; factorial *= ++i)
        sum += std::pow(-rho * (t - i), i) / factorial * std::exp(rho * (t - i));
      EXPECT_NEAR(1 - queue.wait_exceeds(t), (1 - rho) * sum, 1e-10) << rho << " at " << t;
    }
  }
}

struct KnownCase {
  size_t servers;
  double utilisation;
  double mean_wait;     // in service times
  double wait_exceeds;  // P(W > 0)
};

// Found another way: by iterating Crommelin's chain, p'_j = sum[i <= c] p_i A_j + sum[i > c] p_i A_{j-i+c}, cut off far
// out, to its fixed point; mean by Little's law.
constexpr KnownCase kKnown[] = {
    {1, 0.5, 0.5000000000, 0.5000000000}, {2, 0.5, 0.1767410571, 0.3232589429}, {2, 0.8, 0.9032838789, 0.7018983171},
    {2, 0.9, 2.1469232086, 0.8471076427}, {5, 0.5, 0.0306531938, 0.1213415433}, {5, 0.8, 0.2890600072, 0.5336150629},
    {5, 0.9, 0.7766951570, 0.7478285460}, {8, 0.5, 0.0093210126, 0.0542924186}, {8, 0.8, 0.1519538026, 0.4337951187},
    {8, 0.9, 0.4499732589, 0.6819113654},
};

TEST(MdcQueueTest, SeveralServersHaveTheMeanAndTheDelayOfCrommelinsChain) {
  for (const auto& [servers, utilisation, mean_wait, wait_exceeds] : kKnown) {
    const MdcQueue queue = queue_of(servers, utilisation);
    EXPECT_NEAR(queue.mean_wait_s(), mean_wait, 1e-7) << servers << " at " << utilisation;
    EXPECT_NEAR(queue.wait_exceeds(0), wait_exceeds, 1e-8) << servers << " at " << utilisation;
    EXPECT_NEAR(queue.mean_length(), mean_wait * utilisation * static_cast<double>(servers), 1e-6);
  }
}

TEST(MdcQueueTest, WaitsHaveTheirMeanAsTheAreaOfTheirDistribution) {
  for (const auto& [servers, utilisation] :
       {std::pair<size_t, double>{1, 0.7}, {1, 0.99}, {3, 0.95}, {16, 0.9}, {100, 0.97}}) {
    const MdcQueue queue = queue_of(servers, utilisation);
    constexpr double kStep = 1.0 / 128;
    double area = 0;
    for (double t = kStep / 2; queue.wait_exceeds(t) > 1e-12; t += kStep) area += kStep * queue.wait_exceeds(t);
    EXPECT_NEAR(area, queue.mean_wait_s(), 1e-3 * queue.mean_wait_s()) << servers << " at " << utilisation;
  }
}

TEST(MdcQueueTest, WaitsOnlyGetRarerAndQuantilesAreWhereTheyDo) {
  for (const size_t servers : {1, 2, 7, 64, 1024}) {
    for (const double utilisation : {0.001, 0.3, 0.9, 0.999}) {
      const MdcQueue queue = queue_of(servers, utilisation);
      double last = 1;
      for (double t = 0; t < 4; t += 0.125) {
        const double exceeds = queue.wait_exceeds(t);
        EXPECT_LE(exceeds, last + 1e-12) << servers << " at " << utilisation << ", " << t;
        last = exceeds;
      }
      const double p99 = queue.wait_quantile_s(0.99);
      EXPECT_LE(queue.wait_exceeds(p99), 0.01);
      EXPECT_TRUE(p99 == 0 || queue.wait_exceeds(p99 * 0.999) > 0.01) << servers << " at " << utilisation;
    }
  }
}

struct SimulatedCase {
  size_t servers;
  double utilisation;
  double tolerance;
  size_t arrivals;
};

class SimulatedQueueTest : public testing::TestWithParam<SimulatedCase> {};

TEST_P(SimulatedQueueTest, HasTheMeanAndTheQuantilesOfTheFormula) {
  const auto [servers, utilisation, tolerance, arrivals] = GetParam();
  constexpr uint64_t kServiceNs = 5 * kNanosPerMilli;
  const double rate = utilisation * static_cast<double>(servers) * kNanosPerSecond / kServiceNs;
  const auto duration_ns = static_cast<uint64_t>(static_cast<double>(arrivals) / rate * kNanosPerSecond);
  const auto schedule = load::poisson_arrivals(rate, duration_ns, 20'261);
  auto waits = waits_ns(schedule, std::vector<uint64_t>(schedule.size(), kServiceNs), servers);
  std::ranges::sort(waits);
  const double mean_s = std::accumulate(waits.begin(), waits.end(), 0.0) / static_cast<double>(waits.size()) * 1e-9;
  const double p99_s = static_cast<double>(waits[waits.size() * 99 / 100]) * 1e-9;

  const MdcQueue queue(rate, kServiceNs * 1e-9, servers);
  EXPECT_NEAR(mean_s, queue.mean_wait_s(), tolerance * queue.mean_wait_s());
  EXPECT_NEAR(p99_s, queue.wait_quantile_s(0.99), tolerance * queue.wait_quantile_s(0.99));
}

INSTANTIATE_TEST_SUITE_P(Loads, SimulatedQueueTest,
                         testing::Values(SimulatedCase{1, 0.5, 0.05, 400'000}, SimulatedCase{2, 0.5, 0.05, 400'000},
                                         SimulatedCase{2, 0.8, 0.05, 400'000}, SimulatedCase{5, 0.8, 0.05, 400'000},
                                         SimulatedCase{8, 0.5, 0.05, 400'000}, SimulatedCase{8, 0.8, 0.05, 400'000},
                                         SimulatedCase{8, 0.9, 0.05, 1'000'000},
                                         SimulatedCase{10, 0.9, 0.05, 1'000'000},
                                         // What a measurement of 20,000 arrivals at a moderate load is held to.
                                         SimulatedCase{1, 0.5, 0.15, 20'000}, SimulatedCase{8, 0.5, 0.15, 20'000}),
                         [](const auto& test) {
                           return std::to_string(test.param.servers) + "ServersAt" +
                                  std::to_string(static_cast<int>(test.param.utilisation * 100)) + "PercentOver" +
                                  std::to_string(test.param.arrivals);
                         });

TEST(DecayExcess, SolvesItsEquationOnBothSidesOfSaturation) {
  for (const double rho : {0.0001, 0.01, 0.5, 0.99, 0.99999, 1.00001, 1.01, 1.3, 2.0, 5.0, 20.0}) {
    const double u = decay_excess(rho);
    EXPECT_NEAR(std::log1p(u), rho * u, 1e-6) << rho;
    EXPECT_EQ(u > 0, rho < 1) << rho;
  }
}

}  // namespace
}  // namespace ms::queueing
