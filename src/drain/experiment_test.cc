// A small experiment of each architecture, run for real.
#include "drain/experiment.h"

#include <gtest/gtest.h>

#include "drain/measurement.h"

namespace ms::drain {
namespace {

class ExperimentTest : public testing::TestWithParam<net::Architecture> {};

TEST_P(ExperimentTest, EveryClientIsAnsweredAndBothSidesOfItsConnectionAreKnown) {
  const Settings settings{.burst = 50, .service_time_ns = kNanosPerMilli, .workers = 3};
  size_t last_ended = 0;
  const auto seen = observe(settings, GetParam(), [&](const Progress& progress) { last_ended = progress.ended; });
  ASSERT_TRUE(seen.has_value()) << seen.error().message;
  EXPECT_EQ(last_ended, 50u);
  const Measurement measured = measure(settings, *seen);
  EXPECT_EQ(measured.offered.count, 50u);
  EXPECT_EQ(measured.accepted.count, 50u);
  EXPECT_EQ(measured.served.count + measured.refused.count, 50u);
  EXPECT_EQ(measured.records_lost, 0u);
  EXPECT_GE(measured.total.p50_ns, settings.service_time_ns);
  EXPECT_FALSE(seen->depths.empty());
}

INSTANTIATE_TEST_SUITE_P(Of, ExperimentTest, testing::Values(net::Architecture::kInline, net::Architecture::kPool),
                         [](const auto& test) { return std::string(net::architecture_name(test.param)); });

TEST(Experiment, SpinningTakesTheServiceTimeAsCpu) {
  const Settings settings{.burst = 20, .service_time_ns = 2 * kNanosPerMilli, .work = Work::kSpin, .workers = 2};
  const auto seen = observe(settings, net::Architecture::kPool, [](const Progress&) {});
  ASSERT_TRUE(seen.has_value()) << seen.error().message;
  const uint64_t served = measure(settings, *seen).served.count;
  EXPECT_GE(served, 1u);
  EXPECT_GE(seen->server_cpu_ns, served * settings.service_time_ns);
}

TEST(Experiment, WithoutClientsIsRefused) {
  const Settings settings{.rate_per_s = 0.1, .duration_ns = kNanosPerMilli};
  const auto seen = observe(settings, net::Architecture::kPool, [](const Progress&) {});
  ASSERT_FALSE(seen.has_value());
  EXPECT_EQ(seen.error().code, ErrorCode::kInvalid);
}

}  // namespace
}  // namespace ms::drain
