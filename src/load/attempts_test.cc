#include "load/attempts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "base/clock.h"

namespace ms::load {
namespace {

constexpr uint64_t kBegin = 1'000'000;

Attempt attempt_of(uint64_t due_ms, uint64_t ended_ms, Outcome outcome, uint16_t status = 0) {
  const uint64_t scheduled_ns = kBegin + due_ms * kNanosPerMilli;
  return {.scheduled_ns = scheduled_ns,
          .begun_ns = scheduled_ns + 10,
          .ended_ns = kBegin + ended_ms * kNanosPerMilli,
          .status = status,
          .outcome = outcome};
}

const std::vector<Attempt> kAttempts = {
    attempt_of(0, 5, Outcome::kReplied, 200),       attempt_of(100, 1'200, Outcome::kReplied, 204),
    attempt_of(999, 1'000, Outcome::kReplied, 503), attempt_of(1'000, 1'001, Outcome::kReplied, 404),
    attempt_of(1'100, 3'100, Outcome::kTimedOut),   attempt_of(1'200, 1'201, Outcome::kReset),
    attempt_of(1'300, 1'301, Outcome::kRefused),    attempt_of(1'400, 1'401, Outcome::kCutShort),
    attempt_of(1'450, 1'451, Outcome::kBroken),     attempt_of(1'500, 1'500, Outcome::kNotBegun),
};

TEST(Tally, CountsEachOutcomeOnce) {
  EXPECT_EQ(tally(kAttempts), (Tally{.offered = 10,
                                     .served = 2,
                                     .refused = 1,
                                     .other_status = 1,
                                     .timed_out = 1,
                                     .reset = 1,
                                     .connect_refused = 1,
                                     .cut_short = 1,
                                     .broken = 1,
                                     .not_begun = 1}));
}

TEST(Latencies, AreOfThoseWhoWereServedFromWhenTheyWereDue) {
  EXPECT_THAT(total_latencies_ns(kAttempts), testing::ElementsAre(5 * kNanosPerMilli, 1'100 * kNanosPerMilli));
}

TEST(Lags, AreOfThoseWhoBegan) {
  std::vector<Attempt> attempts(kAttempts.begin(), kAttempts.begin() + 2);
  attempts[1].begun_ns = 0;
  EXPECT_THAT(lags_ns(attempts), testing::ElementsAre(10));
}

TEST(Summarize, FindsExactQuantilesWhateverTheOrder) {
  std::vector<uint64_t> durations(200);
  std::iota(durations.begin(), durations.end(), 1);
  std::ranges::reverse(durations);
  const Summary summary = summarize(durations);
  EXPECT_EQ(summary.p50_ns, 100u);
  EXPECT_EQ(summary.p90_ns, 180u);
  EXPECT_EQ(summary.p99_ns, 198u);
  EXPECT_EQ(summary.p999_ns, 200u);
  EXPECT_EQ(summary.max_ns, 200u);
  EXPECT_DOUBLE_EQ(summary.mean_ns, 100.5);
}

TEST(Summarize, OfOneItIsThatOneAndOfNoneItIsZero) {
  EXPECT_EQ(summarize({7}).p50_ns, 7u);
  EXPECT_EQ(summarize({7}).p99_ns, 7u);
  EXPECT_EQ(summarize({}).max_ns, 0u);
}

}  // namespace
}  // namespace ms::load
