// The inline architecture: the same answers, one client after the other.
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <string>
#include <vector>

#include "net/front_door_testing.h"

namespace ms::net {
namespace {

class FrontDoorInlineTest : public FrontDoorTest {
 protected:
  FrontDoorInlineTest() { options_.architecture = Architecture::kInline; }

  uint64_t listen_depth() { return stats().listen_queues.front().queue.depth; }

  std::future<uint64_t> stop_meanwhile(uint64_t timeout_ms = 60'000) {
    return std::async(std::launch::async, [this, timeout_ms] { return door_->stop(timeout_ms); });
  }
};

TEST_F(FrontDoorInlineTest, EachConnectionIsAnsweredOnceAndClosed) {
  start();
  for (int i = 0; i < 100; ++i) {
    Client someone = client();
    someone.send("echo " + std::to_string(i) + "\n");
    EXPECT_EQ(someone.read_all(), fin(std::to_string(i) + "\n"));
  }
  ASSERT_TRUE(eventually([&] { return stats().open_connections == 0; }));
  EXPECT_EQ(stats().accepted, 100u);
  EXPECT_EQ(stats().connections_served, 100u);
  EXPECT_EQ(stats().requests, 100u);
  EXPECT_EQ(stats().queue_length, 0u);
  EXPECT_GE(stats().listen_depth_samples, 100u);
}

TEST_F(FrontDoorInlineTest, ASecondRequestIsNotAnsweredButTheFirstReplyIsReadWhole) {
  start();
  for (int i = 0; i < 20; ++i) {
    Client eager = client();
    eager.send("echo 1\necho 2\n" + std::string(256 * 1024, 'x'));
    EXPECT_EQ(eager.read_all(), fin("1\n"));
  }
}

TEST_F(FrontDoorInlineTest, ItWaitsForWhatIsDoneOnOtherThreads) {
  start();
  for (int i = 0; i < 100; ++i) {
    for (const char* request : {"early\n", "race\n"}) {
      Client someone = client();
      someone.send(request);
      EXPECT_EQ(someone.read_all(), fin("woken\n"));
    }
  }
  Client parked = client();
  parked.send("park\n");
  ASSERT_TRUE(eventually([&] { return service_.parked() == 1; }));
  service_.wake_parked();
  EXPECT_EQ(parked.read_all(), fin("woken\n"));
}

TEST_F(FrontDoorInlineTest, ALargeReplyWaitsForItsReader) {
  constexpr size_t kBytes = 8u << 20;  // more than any socket buffer
  start();
  Client slow = client(4096);
  slow.send("big " + std::to_string(kBytes) + "\n");
  EXPECT_EQ(slow.read_all(), fin(std::string(kBytes, 'x') + "\n"));
}

TEST_F(FrontDoorInlineTest, OneSlowClientHoldsUpEveryoneElseInTheListenQueue) {
  start();
  Client slow = client();
  slow.send("echo slo");
  ASSERT_TRUE(eventually([&] { return stats().connections_served == 1; }));
  std::vector<Client> others;
  for (int i = 0; i < 5; ++i) {
    others.push_back(client());
    others.back().send("echo quick\n");
  }
  EXPECT_TRUE(eventually([&] { return listen_depth() == 5; }));
  EXPECT_EQ(stats().accepted, 1u);
  EXPECT_EQ(slow.ask("w"), "slow");
  for (Client& one : others) EXPECT_EQ(one.read_all(), fin("quick\n"));
  EXPECT_EQ(stats().listen_depth_max, 5u);
}

TEST_F(FrontDoorInlineTest, ASilentClientIsSentAwayAtItsDeadline) {
  options_.first_bytes_ms = 50;
  service_.request_ms = 50;
  start();
  Client silent = client();
  Client half = client();
  half.send("echo hal");
  EXPECT_EQ(silent.read_all(), fin("late\n"));
  EXPECT_EQ(half.read_all(), fin("late\n"));
  EXPECT_EQ(client().ask("echo next"), "next");
  EXPECT_EQ(stats().receive_timeouts, 2u);
}

TEST_F(FrontDoorInlineTest, EveryListenerHasItsTurn) {
  options_.addresses = {"127.0.0.1:0", "127.0.0.1:0"};
  start();
  Client busy = blocker("busy");
  std::vector<Client> waiting;
  for (int i = 0; i < 10; ++i) {
    waiting.emplace_back(door_->listeners()[static_cast<size_t>(i % 2)]);
    waiting.back().send("echo here\n");
  }
  service_.release("busy");
  for (Client& one : waiting) EXPECT_EQ(one.read_all(), fin("here\n"));
}

TEST_F(FrontDoorInlineTest, ItsRecordsAreThoseOfThePool) {
  start();
  Client someone = client();
  someone.send("durable\n");
  EXPECT_EQ(someone.read_all(), fin("durable\n"));
  ASSERT_TRUE(eventually([&] { return !door_->records().empty(); }));
  const Record record = door_->records().front();
  EXPECT_EQ(record.connection, 1u);
  EXPECT_EQ(record.request, 1u);
  EXPECT_EQ(record.worker, 1u);
  EXPECT_EQ(record.outcome, Outcome::kReplied);
  EXPECT_EQ(record.local, door_->listeners().front().endpoint());
  const Stamps& stamps = record.stamps;
  const std::vector<uint64_t> in_order = {stamps.accept_begin_ns, stamps.accepted_ns, stamps.taken_ns,
                                          stamps.complete_ns,     stamps.durable_ns,  stamps.replied_ns};
  EXPECT_GT(in_order.front(), 0u);
  EXPECT_TRUE(std::ranges::is_sorted(in_order)) << testing::PrintToString(in_order);
}

TEST_F(FrontDoorInlineTest, AtAStopWhoeverWaitsIsAnswered) {
  start();
  Client busy = blocker("busy");
  Client silent = client();
  std::vector<Client> waiting;
  for (int i = 0; i < 10; ++i) {
    waiting.push_back(client());
    waiting.back().send("echo waited\n");
  }
  auto left = stop_meanwhile();
  service_.release("busy");
  EXPECT_EQ(busy.read_all(), fin("released\n"));
  EXPECT_EQ(silent.read_all(), fin(""));
  for (Client& one : waiting) EXPECT_EQ(one.read_all(), fin("waited\n"));
  EXPECT_EQ(left.get(), 0u);
  EXPECT_EQ(stats().accepted, 12u);
}

TEST_F(FrontDoorInlineTest, AStopGivesUpAtItsTimeout) {
  start();
  Client parked = client();
  parked.send("park\n");
  ASSERT_TRUE(eventually([&] { return service_.parked() == 1; }));
  Client waiting = client();
  waiting.send("echo never\n");
  EXPECT_EQ(stop_meanwhile(50).get(), 2u);
  door_.reset();
  EXPECT_NE(parked.read_all().end, Client::End::kNot);
  EXPECT_NE(waiting.read_all().end, Client::End::kNot);
}

TEST_F(FrontDoorInlineTest, TheAddressIsFreeForASuccessorWhenItIsGone) {
  start();
  options_.addresses = {door_->listeners().front().address()};
  EXPECT_EQ(client().ask("echo 1"), "1");
  EXPECT_EQ(door_->stop(60'000), 0u);
  door_.reset();
  auto successor = FrontDoor::open(options_);
  EXPECT_TRUE(successor.has_value()) << successor.error().message;
}

}  // namespace
}  // namespace ms::net
