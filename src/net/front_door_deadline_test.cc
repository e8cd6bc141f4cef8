// Deadlines: who sends nothing, or too slowly, is told and closed; who has sent in time is served.
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "net/front_door_testing.h"

namespace ms::net {
namespace {

class FrontDoorDeadlineTest : public FrontDoorTest {};

TEST_F(FrontDoorDeadlineTest, ASilentConnectionIsClosed) {
  options_.first_bytes_ms = 50;
  start();
  std::vector<Client> silent;
  for (int i = 0; i < 20; ++i) silent.push_back(client());
  for (Client& one : silent) EXPECT_EQ(one.read_all(), fin("late\n"));
  EXPECT_TRUE(eventually([&] { return stats().receive_timeouts == 20; }));
  EXPECT_EQ(stats().queue_length, 0u);
  EXPECT_EQ(stats().refused_age, 0u);
}

TEST_F(FrontDoorDeadlineTest, HalfARequestIsClosedAtTheSessionsDeadline) {
  service_.request_ms = 50;
  start();
  Client slow = client();
  slow.send("echo slo");
  EXPECT_EQ(slow.read_all(), fin("late\n"));
  EXPECT_EQ(stats().receive_timeouts, 1u);
}

TEST_F(FrontDoorDeadlineTest, AnIdleConnectionIsClosedWithoutAWord) {
  service_.idle_ms = 50;
  start();
  Client idle = client();
  EXPECT_EQ(idle.ask("echo 1"), "1");
  EXPECT_EQ(idle.read_all(), fin(""));
  EXPECT_EQ(stats().idle_timeouts, 1u);
}

TEST_F(FrontDoorDeadlineTest, EachRequestHasItsOwnDeadline) {
  service_.idle_ms = 700;
  start();
  Client steady = client();
  const uint64_t begin_ns = monotonic_ns();
  uint64_t answered_ns = begin_ns;
  while (answered_ns - begin_ns < 1500 * kNanosPerMilli) {
    const std::string answer = steady.ask("echo 1");
    if (monotonic_ns() - answered_ns > 500 * kNanosPerMilli) GTEST_SKIP() << "this machine is too busy to tell";
    ASSERT_EQ(answer, "1");
    answered_ns = monotonic_ns();
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(stats().idle_timeouts, 0u);
}

TEST_F(FrontDoorDeadlineTest, ARequestThatWaitsForAWorkerKeepsItsIdleConnectionOpen) {
  options_.workers = 1;
  service_.idle_ms = 100;
  start();
  Client waiting = client();
  EXPECT_EQ(waiting.ask("echo 1"), "1");
  policy_.deadline_ns = kForeverNs;
  Client busy = blocker("busy");
  waiting.send("echo 2\n");
  // The sweeper finds its deadline passed while it waits: it looks twice a second.
  std::this_thread::sleep_for(std::chrono::milliseconds(1200));
  service_.release("busy");
  EXPECT_EQ(waiting.read_line(), "2");
  EXPECT_EQ(busy.read_line(), "released");
}

}  // namespace
}  // namespace ms::net
