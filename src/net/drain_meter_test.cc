#include "net/drain_meter.h"

#include <gtest/gtest.h>

#include "base/clock.h"

namespace ms::net {
namespace {

constexpr uint64_t kStepNs = DrainMeter::kLookEveryMs * kNanosPerMilli;

// Looks at a door that drains `per_look` connections between two of them.
struct Door {
  void look(int times, uint64_t per_look, uint64_t depth) {
    for (int i = 0; i < times; ++i) {
      at_ns += kStepNs;
      accepted += per_look;
      meter.add({.at_ns = at_ns, .accepted = accepted, .depth = depth});
    }
  }

  DrainMeter meter;
  uint64_t at_ns = 5 * kNanosPerSecond;
  uint64_t accepted = 1'000'000;
};

TEST(DrainMeter, KnowsNothingBeforeItsSecondLook) {
  Door door;
  for (int i = 0; i < 2; ++i) {
    const DrainMeter::Rates rates = door.meter.rates();
    EXPECT_EQ(rates.last_second, 0);
    EXPECT_EQ(rates.last_ten_seconds, 0);
    EXPECT_FALSE(rates.mean_wait_ms.has_value());
    door.look(1, 7, 7);
  }
}

TEST(DrainMeter, RatesAreThoseOfWhatHasPassedSoFar) {
  Door door;
  door.look(1, 0, 0);
  door.look(3, 50, 0);
  EXPECT_DOUBLE_EQ(door.meter.rates().last_second, 500);
  EXPECT_DOUBLE_EQ(door.meter.rates().last_ten_seconds, 500);
}

TEST(DrainMeter, TheLastSecondAndTheLastTenDiffer) {
  Door door;
  door.look(300, 999, 0);  // longer ago than any window
  door.look(90, 10, 0);
  door.look(10, 1000, 0);
  EXPECT_DOUBLE_EQ(door.meter.rates().last_second, 10'000);
  EXPECT_DOUBLE_EQ(door.meter.rates().last_ten_seconds, (90 * 10 + 10 * 1000) / 10.0);
}

TEST(DrainMeter, ALookThatCameLateCountsByItsTime) {
  Door door;
  door.look(1, 0, 0);
  door.at_ns += 9 * kStepNs;
  door.look(1, 100, 0);
  EXPECT_DOUBLE_EQ(door.meter.rates().last_second, 100);
}

// 3 wait on average, and 100 a second pass: each has waited 30 ms.
TEST(DrainMeter, TheMeanWaitFollowsFromDepthAndRate) {
  Door door;
  door.look(1, 0, 0);
  door.look(50, 10, 6);
  door.look(50, 10, 0);
  ASSERT_TRUE(door.meter.rates().mean_wait_ms.has_value());
  EXPECT_DOUBLE_EQ(*door.meter.rates().mean_wait_ms, 30);
}

TEST(DrainMeter, WhereNobodyIsAcceptedThereIsNoMeanWait) {
  Door door;
  door.look(20, 0, 4);
  EXPECT_FALSE(door.meter.rates().mean_wait_ms.has_value());
}

}  // namespace
}  // namespace ms::net
