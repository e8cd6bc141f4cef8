#include "base/overload.h"

#include <gtest/gtest.h>

namespace ms {
namespace {

constexpr uint64_t kMs = kNanosPerMilli;

// Takes something up every 5 ms from `begin_ms` until `end_ms`, each after `wait_ms`; how many were refused.
int refused_between(OverloadJudge& judge, uint64_t begin_ms, uint64_t end_ms, uint64_t wait_ms) {
  int refused = 0;
  for (uint64_t at_ms = begin_ms; at_ms < end_ms; at_ms += 5)
    refused += judge.admit(wait_ms * kMs, at_ms * kMs) ? 0 : 1;
  return refused;
}

TEST(OverloadJudge, AWaitBelowTheTargetIsNeverRefused) {
  const QueuePolicy policy;
  OverloadJudge judge(policy);
  EXPECT_EQ(refused_between(judge, 1000, 3000, 49), 0);
  EXPECT_FALSE(judge.is_overloaded());
}

TEST(OverloadJudge, OverloadBeginsWhenTheLeastWaitOfAnIntervalExceedsTheTarget) {
  const QueuePolicy policy;
  OverloadJudge judge(policy);
  EXPECT_EQ(refused_between(judge, 1000, 1100, 60), 0);
  EXPECT_GT(refused_between(judge, 1100, 1300, 60), 0);
  EXPECT_TRUE(judge.is_overloaded());
  EXPECT_EQ(judge.overloads(), 1u);
}

TEST(OverloadJudge, OneShortWaitInEachIntervalKeepsOverloadAway) {
  const QueuePolicy policy;
  OverloadJudge judge(policy);
  for (uint64_t begin_ms = 1000; begin_ms < 3000; begin_ms += 50) {
    EXPECT_TRUE(judge.admit(1 * kMs, begin_ms * kMs));
    EXPECT_EQ(refused_between(judge, begin_ms + 5, begin_ms + 50, 400), 0) << begin_ms;
  }
}

TEST(OverloadJudge, InOverloadWhoIsFreshIsServed) {
  const QueuePolicy policy;
  OverloadJudge judge(policy);
  refused_between(judge, 1000, 1300, 60);
  ASSERT_TRUE(judge.is_overloaded());
  EXPECT_TRUE(judge.admit(50 * kMs, 1300 * kMs));
  EXPECT_FALSE(judge.admit(51 * kMs, 1301 * kMs));
}

TEST(OverloadJudge, OverloadEndsAtHalfTheTargetAndNotBefore) {
  const QueuePolicy policy;
  OverloadJudge judge(policy);
  refused_between(judge, 1000, 1300, 60);
  refused_between(judge, 1300, 1700, 30);
  EXPECT_TRUE(judge.is_overloaded());
  refused_between(judge, 1700, 2000, 24);
  EXPECT_FALSE(judge.is_overloaded());
}

TEST(OverloadJudge, AnOldWaitBeginsNoOverload) {
  const QueuePolicy policy;
  OverloadJudge judge(policy);
  judge.admit(60 * kMs, 1000 * kMs);
  EXPECT_TRUE(judge.admit(1 * kMs, 9000 * kMs));
  EXPECT_FALSE(judge.is_overloaded());
}

TEST(OverloadJudge, OverloadIsNotKeptOverAPause) {
  const QueuePolicy policy;
  OverloadJudge judge(policy);
  refused_between(judge, 1000, 1300, 60);
  ASSERT_TRUE(judge.is_overloaded());
  judge.admit(1 * kMs, 9000 * kMs);
  EXPECT_FALSE(judge.is_overloaded());
}

TEST(OverloadJudge, AGapThroughWhichEvenTheNextOneWaitedIsOverload) {
  const QueuePolicy policy;
  OverloadJudge judge(policy);
  judge.admit(60 * kMs, 1000 * kMs);
  EXPECT_FALSE(judge.admit(450 * kMs, 1500 * kMs));
  EXPECT_TRUE(judge.is_overloaded());
}

TEST(OverloadJudge, BeyondTheDeadlineEveryoneIsRefused) {
  const QueuePolicy policy;
  OverloadJudge judge(policy);
  EXPECT_TRUE(judge.admit(1000 * kMs, 5000 * kMs));
  EXPECT_FALSE(judge.admit(1001 * kMs, 5001 * kMs));
  EXPECT_FALSE(judge.is_overloaded());
}

TEST(OverloadJudge, ANewTargetAndDeadlineHoldAtOnce) {
  QueuePolicy policy;
  OverloadJudge judge(policy);
  policy.target_ns = 10 * kMs;
  refused_between(judge, 1000, 1300, 20);
  EXPECT_TRUE(judge.is_overloaded());
  policy.deadline_ns = 5 * kMs;
  EXPECT_FALSE(judge.admit(6 * kMs, 1301 * kMs));
}

}  // namespace
}  // namespace ms
