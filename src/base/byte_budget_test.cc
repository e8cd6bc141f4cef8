#include "base/byte_budget.h"

#include <gtest/gtest.h>

#include <atomic>
#include <utility>
#include <vector>

#include "base/thread.h"

namespace ms {
namespace {

TEST(ByteBudget, ChargesUpToItsLimitAndGivesBack) {
  ByteBudget budget(100);
  {
    ByteBudget::Charge first(budget);
    ByteBudget::Charge second(budget);
    EXPECT_TRUE(first.try_grow(60));
    EXPECT_TRUE(second.try_grow(30));
    EXPECT_TRUE(first.try_grow(10));
    EXPECT_EQ(budget.bytes(), 100u);
    EXPECT_EQ(budget.refusals(), 0u);
    EXPECT_FALSE(second.try_grow(1));
    EXPECT_EQ(budget.bytes(), 100u) << "what is refused is not charged";
    EXPECT_EQ(budget.refusals(), 1u);
    first.release();
    EXPECT_EQ(first.bytes(), 0u);
    EXPECT_EQ(budget.bytes(), 30u);
    EXPECT_TRUE(second.try_grow(70));
  }
  EXPECT_EQ(budget.bytes(), 0u);
}

TEST(ByteBudget, AMovedChargeIsGivenBackOnce) {
  ByteBudget budget(100);
  {
    ByteBudget::Charge charge(budget);
    ASSERT_TRUE(charge.try_grow(40));
    const ByteBudget::Charge moved = std::move(charge);
    EXPECT_EQ(moved.bytes(), 40u);
    EXPECT_EQ(budget.bytes(), 40u);
  }
  EXPECT_EQ(budget.bytes(), 0u);
}

TEST(ByteBudget, TellsWhetherSomethingWouldFit) {
  ByteBudget budget(100);
  ByteBudget::Charge charge(budget);
  ASSERT_TRUE(charge.try_grow(40));
  EXPECT_TRUE(budget.has_room(60));
  EXPECT_EQ(budget.refusals(), 0u);
  EXPECT_FALSE(budget.has_room(61));
  EXPECT_FALSE(budget.has_room(~uint64_t{0}));
  EXPECT_EQ(budget.refusals(), 2u);
}

TEST(ByteBudget, NoTwoThreadsTakeTheSameBytes) {
  ByteBudget budget(10);
  std::atomic<int> holders = 0;
  std::vector<Thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back("charge", [&] {
      for (int n = 0; n < 10'000; ++n) {
        ByteBudget::Charge charge(budget);
        if (!charge.try_grow(6)) continue;
        EXPECT_EQ(holders.fetch_add(1), 0);
        holders.fetch_sub(1);
      }
    });
  }
  threads.clear();
  EXPECT_EQ(budget.bytes(), 0u);
}

}  // namespace
}  // namespace ms
