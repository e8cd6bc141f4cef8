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
  options_.limits.connections_max = 4;
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
  options_.limits.connections_max = 1;
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
  options_.limits.queue_max = 3;
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

TEST_F(FrontDoorRefusalTest, WhoWaitedTooLongForAWorkerReadsTheRefusal) {
  options_.workers = 1;
  options_.limits.first_bytes_ms = 100;
  start();
  Client busy = blocker("busy");
  // The worker finds the tick first, which came before the request: ticks are half a second apart.
  std::this_thread::sleep_for(std::chrono::milliseconds(600));
  Client late = client();
  late.send(kLongRequest);
  ASSERT_TRUE(eventually([&] { return stats().queue_age_ns > 150 * kNanosPerMilli; }));
  service_.release("busy");
  EXPECT_EQ(late.read_all(), fin("refused\n"));
  EXPECT_EQ(busy.read_line(), "released");
  EXPECT_EQ(stats().refused_age, 1u);
  EXPECT_EQ(stats().accepted, stats().connections_served + stats().refused_age);
  EXPECT_EQ(stats().queue_length, 0u);
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
