// Refusals: whoever is not served reads why, whole, however much of what he sent is unread.
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "net/front_door_testing.h"

namespace ms::net {
namespace {

class FrontDoorRefusalTest : public FrontDoorTest {};

const std::string kLongRequest = "echo " + std::string(16 * 1024, 'x') + "\n";

TEST_F(FrontDoorRefusalTest, WhoComesBeyondTheConnectionLimitReadsTheRefusal) {
  options_.connections_max = 4;
  start();
  std::vector<Client> served;
  for (int i = 0; i < 4; ++i) {
    served.push_back(client());
    EXPECT_EQ(served.back().ask("echo in"), "in");
  }
  std::vector<Client> refused;
  for (int i = 0; i < 500; ++i) {
    refused.push_back(client());
    refused.back().send(kLongRequest);
  }
  for (Client& one : refused) EXPECT_EQ(one.read_all(), fin("refused\n"));
  for (Client& one : served) EXPECT_EQ(one.ask("echo still"), "still");
  EXPECT_EQ(stats().refused_connections, 500u);
  EXPECT_EQ(stats().accepted, stats().connections_served + stats().refused_connections);
}

TEST_F(FrontDoorRefusalTest, WhoLeavesMakesRoom) {
  options_.connections_max = 1;
  start();
  Client first = client();
  EXPECT_EQ(first.ask("echo in"), "in");
  EXPECT_EQ(client().read_all(), fin("refused\n"));
  EXPECT_EQ(first.ask("close"), "bye");
  ASSERT_TRUE(eventually([&] { return stats().open_connections == 0; }));
  EXPECT_EQ(client().ask("echo in"), "in");
}

TEST_F(FrontDoorRefusalTest, WhoComesToAFullQueueReadsTheRefusal) {
  options_.workers = 1;
  options_.queue_max = 3;
  start();
  Client busy = blocker("busy");
  std::vector<Client> waiting;
  for (int i = 0; i < 3; ++i) {
    waiting.push_back(client());
    waiting.back().send(kLongRequest);
  }
  ASSERT_TRUE(eventually([&] { return stats().queue_length == 3; }));
  for (int i = 0; i < 20; ++i) {
    Client refused = client();
    refused.send(kLongRequest);
    EXPECT_EQ(refused.read_all(), fin("refused\n"));
  }
  service_.release("busy");
  for (Client& one : waiting) EXPECT_EQ(one.read_line(), std::string(16 * 1024, 'x'));
  EXPECT_EQ(busy.read_line(), "released");
  EXPECT_EQ(stats().refused_queue, 20u);
  EXPECT_EQ(stats().accepted, stats().connections_served + stats().refused_queue);
}

TEST_F(FrontDoorRefusalTest, WhoWaitedTooLongReadsTheRefusalThoughNoWorkerComesBack) {
  options_.workers = 1;
  policy_.deadline_ns = 100 * kNanosPerMilli;
  start();
  Client kept_alive = client();
  EXPECT_EQ(kept_alive.ask("echo 1"), "1");
  Client busy = blocker("busy");
  Client late = client();
  late.send(kLongRequest);
  kept_alive.send(kLongRequest);
  EXPECT_EQ(late.read_all(), fin("refused\n"));
  EXPECT_EQ(kept_alive.read_all(), fin("refused\n"));
  EXPECT_EQ(stats().refused_age, 2u);
  EXPECT_EQ(stats().queue_length, 0u);
  service_.release("busy");
  EXPECT_EQ(busy.read_line(), "released");
  EXPECT_EQ(stats().accepted, stats().connections_served + 1);
}

TEST_F(FrontDoorRefusalTest, AWorkerRefusesWhatWaitedTooLongForIt) {
  options_.workers = 1;
  start();
  Client kept_alive = client();
  EXPECT_EQ(kept_alive.ask("echo 1"), "1");
  Client busy = blocker("busy");
  Client late = client();
  late.send(kLongRequest);
  kept_alive.send(kLongRequest);
  ASSERT_TRUE(eventually([&] { return stats().queue_age_ns > 150 * kNanosPerMilli; }));
  policy_.deadline_ns = 100 * kNanosPerMilli;
  service_.release("busy");
  EXPECT_EQ(late.read_all(), fin("refused\n"));
  EXPECT_EQ(kept_alive.read_all(), fin("refused\n"));
  EXPECT_EQ(stats().refused_age, 2u);
}

TEST_F(FrontDoorRefusalTest, AClientThatWasSilentForLongIsNotRefusedForIt) {
  policy_.target_ns = 1 * kNanosPerMilli;
  policy_.deadline_ns = 20 * kNanosPerMilli;
  start();
  Client silent = client();
  Client kept_alive = client();
  EXPECT_EQ(kept_alive.ask("echo 1"), "1");
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(silent.ask("echo 1"), "1");
  EXPECT_EQ(kept_alive.ask("echo 2"), "2");
  kept_alive.finish();
  EXPECT_EQ(kept_alive.read_all(), fin(""));
  EXPECT_EQ(stats().refused_age, 0u);
}

TEST_F(FrontDoorRefusalTest, WhatWaitsBehindItsOwnConnectionsRequestIsNotRefusedForIt) {
  policy_.deadline_ns = 50 * kNanosPerMilli;
  start();
  Client one = client();
  one.send("park\n");
  ASSERT_TRUE(eventually([&] { return service_.parked() == 1; }));
  one.send("echo next\n");
  std::this_thread::sleep_for(std::chrono::milliseconds(150));
  service_.wake_parked();
  EXPECT_EQ(one.read_line(), "woken");
  EXPECT_EQ(one.read_line(), "next");
  EXPECT_EQ(stats().refused_age, 0u);
}

TEST_F(FrontDoorRefusalTest, OverloadEndsThoughNobodyComes) {
  const auto more_than_an_interval = std::chrono::nanoseconds(OverloadJudge::kIntervalNs * 5 / 4);
  options_.workers = 1;
  policy_.target_ns = 5 * kNanosPerMilli;
  start();
  Client first = blocker("first");
  Client second = client();
  second.send("block second\n");
  Client third = client();
  std::this_thread::sleep_for(more_than_an_interval);
  third.send("echo 1\n");
  service_.release("first");
  service_.wait_until_blocked("second");
  std::this_thread::sleep_for(more_than_an_interval);
  service_.release("second");
  EXPECT_EQ(third.read_all(), fin("refused\n")) << "the second one's wait was the least of its interval";
  EXPECT_TRUE(eventually([&] { return stats().overloads == 1 && !stats().is_overloaded; }));
}

TEST_F(FrontDoorRefusalTest, AReplyIsReadThoughTheClientWentOnSending) {
  start();
  for (int i = 0; i < 50; ++i) {
    Client talkative = client();
    talkative.send("linger\n" + std::string(256 * 1024, 'x'));
    EXPECT_EQ(talkative.read_all(), fin("bye\n"));
  }
}

}  // namespace
}  // namespace ms::net
