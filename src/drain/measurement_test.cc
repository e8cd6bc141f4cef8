#include "drain/measurement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/figures.h"
#include "drain/observations_testing.h"
#include "drain/timeline.h"

namespace ms::drain {
namespace {

const Settings kSettings{.rate_per_s = 300, .duration_ns = 10 * kNanosPerMilli, .workers = 2};

TEST(Measurement, CountsEachEndAndItsRate) {
  Observations seen = three_connections();
  load::Attempt late = seen.attempts.back();
  late.local_port = 1;
  late.outcome = load::Outcome::kTimedOut;
  late.ended_ns = at_us(1'000'000);
  seen.attempts.push_back(late);
  load::Attempt refused = seen.attempts.front();
  refused.local_port = 2;
  refused.status = 503;
  refused.ended_ns = at_us(500'000);
  seen.attempts.push_back(refused);
  load::Attempt reset = late;
  reset.local_port = 3;
  reset.outcome = load::Outcome::kReset;
  seen.attempts.push_back(reset);
  seen.end_ns = at_us(1'000'000);

  const Measurement measured = measure(kSettings, seen);
  EXPECT_EQ(measured.offered.count, 6u);
  EXPECT_EQ(measured.accepted.count, 3u);
  EXPECT_EQ(measured.served.count, 3u);
  EXPECT_NEAR(measured.served.per_s, 2 / 0.01, 1e-6) << "the third came when no more clients did";
  EXPECT_EQ(measured.refused.count, 1u);
  EXPECT_NEAR(measured.refused.per_s, 100, 1e-9);
  EXPECT_EQ(measured.timed_out.count, 1u);
  EXPECT_NEAR(measured.timed_out.per_s, 100, 1e-9) << "whenever it gave up";
  EXPECT_EQ(measured.failed.count, 1u);
  EXPECT_DOUBLE_EQ(measured.span_s, 1);
}

TEST(Measurement, TimesRunFromConnect) {
  const Measurement measured = measure(kSettings, three_connections());
  EXPECT_EQ(measured.wait.p50_ns, 100'000u);
  EXPECT_EQ(measured.wait.max_ns, 5'090'000u);
  EXPECT_EQ(measured.total.p50_ns, 5'100'000u);
  EXPECT_EQ(measured.total.max_ns, 10'090'000u);
}

TEST(Measurement, AnAcceptOfThePoolLastsUntilTheEnqueueAndOneOfInlineUntilTheReply) {
  Observations seen = three_connections();
  EXPECT_EQ(measure(kSettings, seen).accept.max_ns, 5'000u);
  seen.architecture = net::Architecture::kInline;
  EXPECT_EQ(measure(kSettings, seen).accept.p50_ns, 5'015'000u);
}

TEST(Measurement, TheListenQueueIsWeighedByTime) {
  const Measurement measured = measure(kSettings, three_connections());
  EXPECT_NEAR(measured.listen_queue.mean, 3 * 0.1 / 10, 1e-9);
  EXPECT_EQ(measured.listen_queue.max, 3u);
  Observations deeper = three_connections();
  deeper.depth_max = 7;
  EXPECT_EQ(measure(kSettings, deeper).listen_queue.max, 7u) << "what the accept loop saw between two samples counts";
}

TEST(Measurement, OurQueueFollowsFromTheStamps) {
  const Measurement measured = measure(kSettings, three_connections());
  EXPECT_EQ(measured.connection_queue.max, 2u);
  EXPECT_EQ(measured.connection_queue.age_max_ns, 5'008'000u);
  EXPECT_NEAR(measured.connection_queue.mean, (5 + 10 + 5005) / 10'000.0, 1e-9);
}

TEST(Measurement, InlineHasNoQueueOfOurs) {
  Observations seen = three_connections();
  seen.architecture = net::Architecture::kInline;
  for (const bool is_stamped : {true, false}) {
    for (auto& record : seen.records) record.stamps.enqueued_ns = is_stamped ? record.stamps.taken_ns : 0;
    const Measurement measured = measure(kSettings, seen);
    EXPECT_EQ(measured.connection_queue.max, 0u);
    EXPECT_EQ(measured.connection_queue.age_max_ns, 0u);
    EXPECT_EQ(measured.accept.p50_ns, 5'015'000u) << "an accept lasts until the reply all the same";
  }
}

TEST(Measurement, SaysHowManyConnectionsWereNotRecorded) {
  Observations seen = three_connections();
  EXPECT_EQ(measure(kSettings, seen).records_lost, 0u);
  seen.records.erase(seen.records.begin() + 1);
  EXPECT_EQ(measure(kSettings, seen).records_lost, 1u);
}

TEST(Measurement, PredictsWithTheServersThatThereAre) {
  Settings settings{.rate_per_s = 300, .service_time_ns = 5 * kNanosPerMilli, .workers = 8, .cores = 2};
  Observations seen = three_connections();
  EXPECT_NEAR(measure(settings, seen).predicted->utilisation, 1.5 / 8, 1e-9);
  settings.work = Work::kSpin;
  EXPECT_NEAR(measure(settings, seen).predicted->utilisation, 1.5 / 2, 1e-9) << "as many as there are cores";
  seen.architecture = net::Architecture::kInline;
  EXPECT_NEAR(measure(settings, seen).predicted->utilisation, 1.5, 1e-9);
  EXPECT_NEAR(measure(settings, seen).predicted->mean_queue, 1025, 3) << "the listen queue is its only room";
  settings.burst = 100;
  EXPECT_FALSE(measure(settings, seen).predicted.has_value()) << "a burst has no steady state";
}

TEST(Measurement, APredictionMayBeBeyondTheClientsPatience) {
  struct Case {
    double rate_per_s;
    uint32_t limit;
    bool outlasts;
  };
  for (const Case& c : {Case{100, 1024, false}, Case{1000, 1024, true}, Case{1000, 990, false}, Case{1000, 999, true},
                        Case{210, 1024, true}}) {
    Observations seen = three_connections_of_inline();
    seen.listen_queue.limit = c.limit;
    EXPECT_EQ(measure({.rate_per_s = c.rate_per_s}, seen).outlasts_patience, c.outlasts)
        << c.rate_per_s << " a second, room for " << c.limit + 1;
  }
  EXPECT_FALSE(measure({.burst = 10'000}, three_connections_of_inline()).outlasts_patience) << "it has no prediction";
}

TEST(Timeline, APortThatIsUsedAgainBelongsToTheClientOfThatTime) {
  Observations seen = three_connections();
  for (auto& attempt : seen.attempts) attempt.local_port = 54127;
  for (auto& record : seen.records) record.peer.port = 54127;
  seen.attempts[1].begun_ns = at_us(103);
  seen.attempts[2].begun_ns = at_us(108);
  const std::vector<Passage> passages = trace_passages(seen);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(passages[i].attempt, &seen.attempts[i]) << i;
}

TEST(Timeline, AConnectionOfNobodysHasNoClient) {
  Observations seen = three_connections();
  seen.records[1].peer.port = 9;
  EXPECT_EQ(trace_passages(seen)[1].attempt, nullptr);
}

TEST(Figures, KeepAFewDigits) {
  const std::pair<double, const char*> figures[] = {{0, "0"},         {0.456, "0.46"},       {3, "3"},
                                                    {9.996, "10.0"},  {12.34, "12.3"},       {99.96, "100"},
                                                    {999.5, "1,000"}, {1234567, "1,234,567"}};
  for (const auto& [number, text] : figures) EXPECT_EQ(figure(number), text);
  const std::pair<double, const char*> durations[] = {{0, "0"},
                                                      {850, "850 ns"},
                                                      {999.6, "1.00 us"},
                                                      {85'300, "85.3 us"},
                                                      {5.07e6, "5.07 ms"},
                                                      {99.96e6, "100 ms"},
                                                      {999.7e6, "1.00 s"},
                                                      {12.34e9, "12.3 s"},
                                                      {1234e9, "1234 s"}};
  for (const auto& [number, text] : durations) EXPECT_EQ(duration(number), text);
}

}  // namespace
}  // namespace ms::drain
