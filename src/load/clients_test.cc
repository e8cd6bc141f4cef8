#include "load/clients.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "load/arrivals.h"
#include "load/loopback_server_testing.h"

namespace ms::load {
namespace {

constexpr uint64_t kLong = 30 * kNanosPerSecond;
constexpr uint64_t kShort = 100 * kNanosPerMilli;

net::Listener open_listener(int backlog = 1024, const char* address = "127.0.0.1:0") {
  auto listener = net::Listener::open(address, backlog);
  if (!listener) throw std::runtime_error(listener.error().message);
  return std::move(*listener);
}

// An open loop's.
struct Plan {
  std::vector<uint64_t> schedule_ns;
  std::vector<std::string> requests;
  uint64_t timeout_ns;
};

std::vector<Attempt> run_plan(const Plan& plan, const Target& target) {
  std::vector<Attempt> attempts(plan.schedule_ns.size());
  size_t ended = 0;
  const auto result =
      run_open_loop({.target = target, .requests = plan.requests, .timeout_ns = plan.timeout_ns, .notes_ports = true},
                    plan.schedule_ns, [&](size_t number, const Attempt& attempt) {
                      attempts.at(number) = attempt;
                      ++ended;
                    });
  EXPECT_TRUE(result) << result.error().message;
  EXPECT_EQ(ended, attempts.size());
  return attempts;
}

Plan plan_of(std::vector<uint64_t> schedule_ns, uint64_t timeout_ns) {
  return {.schedule_ns = std::move(schedule_ns), .requests = {"GET / HTTP/1.1\r\n\r\n"}, .timeout_ns = timeout_ns};
}

TEST(OpenLoopTest, EachClientIsAnsweredAndItsStampsAreInOrder) {
  auto listener = open_listener();
  LoopbackServer server(listener, Answer::kOk);
  const uint64_t before_ns = monotonic_ns();
  const auto plan = plan_of(poisson_arrivals(2000, kNanosPerSecond / 4, 1), kLong);
  const auto attempts = run_plan(plan, target_of(listener));
  const uint64_t after_ns = monotonic_ns();

  ASSERT_GT(attempts.size(), 100u);
  const uint64_t begin_ns = attempts[0].scheduled_ns - plan.schedule_ns[0];
  EXPECT_GE(begin_ns, before_ns);
  for (size_t i = 0; i < attempts.size(); ++i) {
    const Attempt& attempt = attempts[i];
    EXPECT_EQ(attempt.outcome, Outcome::kReplied);
    EXPECT_EQ(attempt.status, 200);
    EXPECT_EQ(attempt.scheduled_ns, begin_ns + plan.schedule_ns[i]);
    EXPECT_GE(attempt.begun_ns, attempt.scheduled_ns);
    EXPECT_GE(attempt.connected_ns, attempt.begun_ns);
    EXPECT_GE(attempt.ended_ns, attempt.connected_ns);
    EXPECT_LE(attempt.ended_ns, after_ns);
  }
}

TEST(OpenLoopTest, AClientThatIsNotAnsweredGivesUpAfterItsTime) {
  auto listener = open_listener();
  LoopbackServer server(listener, Answer::kSilence);
  for (const Attempt& attempt : run_plan(plan_of(burst_arrivals(20), kShort), target_of(listener))) {
    EXPECT_EQ(attempt.outcome, Outcome::kTimedOut);
    EXPECT_NE(attempt.connected_ns, 0u);
    EXPECT_GE(attempt.ended_ns, attempt.begun_ns + kShort);
  }
}

TEST(OpenLoopTest, AReplyCountsFromItsLastByteWhateverComesBehindIt) {
  auto listener = open_listener();
  LoopbackServer server(listener, Answer::kOkAndNoFin);
  for (const Attempt& attempt : run_plan(plan_of(burst_arrivals(20), kShort), target_of(listener))) {
    EXPECT_EQ(attempt.outcome, Outcome::kReplied);
    EXPECT_LT(attempt.ended_ns, attempt.begun_ns + kShort);
  }
}

TEST(OpenLoopTest, AnUnansweredClientHoldsUpNoLaterOne) {
  auto listener = open_listener();
  LoopbackServer server(listener, Answer::kSilence);
  const auto attempts = run_plan(plan_of({0, kShort / 4, kShort / 2}, kShort), target_of(listener));
  EXPECT_LT(attempts[2].begun_ns, attempts[0].ended_ns);
}

TEST(OpenLoopTest, WhereNobodyListensTheConnectIsRefused) {
  auto listener = open_listener();
  const Target target = target_of(listener);
  listener.stop_listening();
  for (const Attempt& attempt : run_plan(plan_of(burst_arrivals(10), kLong), target)) {
    EXPECT_EQ(attempt.outcome, Outcome::kRefused);
    EXPECT_EQ(attempt.connected_ns, 0u);
  }
}

TEST(OpenLoopTest, SourceAndPortAreWhatTheServerSees) {
  auto listener = open_listener();
  LoopbackServer server(listener, Answer::kOk);
  const auto attempts = run_plan(plan_of(burst_arrivals(24), kLong), target_of(listener));
  std::vector<std::pair<uint32_t, uint16_t>> seen;
  for (const auto& connection : server.stop()) {
    sockaddr_in peer{};
    std::memcpy(&peer, &connection.peer, sizeof peer);
    seen.emplace_back(ntohl(peer.sin_addr.s_addr), ntohs(peer.sin_port));
  }
  std::vector<std::pair<uint32_t, uint16_t>> recorded;
  recorded.reserve(attempts.size());
  for (const Attempt& attempt : attempts) recorded.emplace_back(0x7f000002 + attempt.source, attempt.local_port);
  EXPECT_THAT(seen, testing::UnorderedElementsAreArray(recorded));
  EXPECT_EQ(attempts[8].source, attempts[0].source);
  EXPECT_NE(attempts[7].source, attempts[0].source);
}

TEST(OpenLoopTest, RequestsAreSentInTurnAndWhole) {
  auto listener = open_listener();
  LoopbackServer server(listener, Answer::kOk);
  Plan plan = plan_of({0, 0, 0, 0}, kLong);
  const std::string large(8 << 20, 'x');  // more than the kernel takes at once
  plan.requests = {"small\r\n\r\n", large + "\r\n\r\n"};
  for (const Attempt& attempt : run_plan(plan, target_of(listener))) EXPECT_EQ(attempt.status, 200);
  std::vector<size_t> sizes;
  for (const auto& connection : server.stop()) sizes.push_back(connection.request.size());
  EXPECT_THAT(sizes, testing::UnorderedElementsAre(9, large.size() + 4, 9, large.size() + 4));
}

TEST(OpenLoopTest, AnIPv6ServerIsReached) {
  auto listener = open_listener(1024, "[::1]:0");
  LoopbackServer server(listener, Answer::kOk);
  const auto attempts = run_plan(plan_of(burst_arrivals(3), kLong), target_of(listener));
  EXPECT_EQ(tally(attempts).served, 3u);
  sockaddr_in6 peer{};
  std::memcpy(&peer, &server.stop()[0].peer, sizeof peer);
  EXPECT_TRUE(std::ranges::any_of(attempts, [&](auto& a) { return a.local_port == ntohs(peer.sin6_port); }));
}

TEST(OpenLoopTest, AClientThatAFullListenQueueDropsNeverConnects) {
  auto listener = open_listener(1);
  const auto attempts = run_plan(plan_of(burst_arrivals(8), kShort), target_of(listener));
  const auto dropped = std::ranges::count(attempts, 0u, &Attempt::connected_ns);
  EXPECT_GE(dropped, 5);
  EXPECT_EQ(tally(attempts).timed_out, 8u);
}

TEST(OpenLoopTest, AClientWhoseHandshakeTakesTwoTriesIsAnswered) {
  auto listener = open_listener(1);
  std::vector<Attempt> attempts;
  std::thread clients([&] { attempts = run_plan(plan_of(burst_arrivals(6), kLong), target_of(listener)); });
  while (listener.queue().drops < 4) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  LoopbackServer server(listener, Answer::kOk);
  clients.join();
  EXPECT_EQ(tally(attempts).served, 6u);
}

TEST(OpenLoopTest, WhereDescriptorsRunOutTheGeneratorSaysSo) {
  auto listener = open_listener();
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  rlimit few = before;
  few.rlim_cur = static_cast<rlim_t>(Descriptor(dup(listener.fd())).get()) + 6;
  setrlimit(RLIMIT_NOFILE, &few);
  const auto attempts = run_plan(plan_of(burst_arrivals(20), kShort), target_of(listener));
  setrlimit(RLIMIT_NOFILE, &before);
  const Tally all = tally(attempts);
  EXPECT_GE(all.timed_out, 1u);
  EXPECT_EQ(all.timed_out + all.not_begun, 20u);
  EXPECT_GE(all.not_begun, 10u);
}

std::vector<Attempt> run_closed(const ClosedLoop& loop, const Target& target) {
  const std::vector<std::string> requests = {"GET / HTTP/1.1\r\n\r\n"};
  std::vector<Attempt> attempts;
  const auto result = run_closed_loop({.target = target, .requests = requests, .timeout_ns = kLong}, loop,
                                      [&](size_t /*number*/, const Attempt& attempt) { attempts.push_back(attempt); });
  EXPECT_TRUE(result) << result.error().message;
  return attempts;
}

TEST(ClosedLoopTest, AClientIsDueWhenTheOneBeforeItIsDoneWith) {
  auto listener = open_listener();
  LoopbackServer server(listener, Answer::kOk);
  const auto attempts = run_closed({.concurrency = 1, .units_max = 50}, target_of(listener));
  ASSERT_EQ(attempts.size(), 50u);
  for (size_t i = 1; i < attempts.size(); ++i) {
    EXPECT_GE(attempts[i].scheduled_ns, attempts[i - 1].ended_ns);
    EXPECT_GE(attempts[i].begun_ns, attempts[i].scheduled_ns);
    EXPECT_GE(attempts[i].connected_ns, attempts[i].begun_ns);
  }
}

TEST(ClosedLoopTest, SoManyAreThereAtOneTime) {
  auto listener = open_listener();
  LoopbackServer server(listener, Answer::kOk);
  const auto attempts = run_closed({.concurrency = 7, .units_max = 100}, target_of(listener));
  ASSERT_EQ(attempts.size(), 100u);
  for (const Attempt& attempt : attempts) {
    const auto at_once = std::ranges::count_if(attempts, [&](const Attempt& other) {
      return other.begun_ns <= attempt.begun_ns && other.ended_ns > attempt.begun_ns;
    });
    EXPECT_LE(at_once, 7);
  }
}

TEST(ClosedLoopTest, AfterItsTimeNobodyBegins) {
  auto listener = open_listener();
  LoopbackServer server(listener, Answer::kOk);
  const uint64_t begin_ns = monotonic_ns();
  const auto attempts = run_closed({.concurrency = 4, .duration_ns = kShort}, target_of(listener));
  EXPECT_GE(monotonic_ns(), begin_ns + kShort);
  ASSERT_FALSE(attempts.empty());
  for (const Attempt& attempt : attempts) EXPECT_LT(attempt.scheduled_ns, attempts.front().scheduled_ns + kShort);
}

TEST(ClosedLoopTest, AConnectionThatIsKeptOpenIsDueForItsNextRequestAtOnce) {
  auto listener = open_listener();
  LoopbackServer server(listener, Answer::kOkTwiceAndSaysSo);
  const auto attempts = run_closed({.concurrency = 1, .units_max = 10, .is_keep_alive = true}, target_of(listener));
  ASSERT_EQ(attempts.size(), 10u);
  for (size_t i = 0; i < attempts.size(); ++i) {
    EXPECT_EQ(attempts[i].outcome, Outcome::kReplied);
    EXPECT_EQ(attempts[i].connected_ns == 0, i % 2 == 1);
    EXPECT_TRUE(i % 2 == 0 || attempts[i].scheduled_ns == attempts[i - 1].ended_ns);
  }
  EXPECT_EQ(server.stop().size(), 5u);
}

}  // namespace
}  // namespace ms::load
