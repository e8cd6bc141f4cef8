// The stop: nothing in hand is lost, and nobody who is idle is reset.
#include <gtest/gtest.h>

#include <future>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "net/front_door_testing.h"

namespace ms::net {
namespace {

class FrontDoorStopTest : public FrontDoorTest {
 protected:
  std::future<uint64_t> stop_meanwhile(uint64_t timeout_ms = 60'000) {
    return std::async(std::launch::async, [this, timeout_ms] { return door_->stop(timeout_ms); });
  }
};

TEST_F(FrontDoorStopTest, IdleAndSilentConnectionsEndWithFin) {
  start();
  std::vector<Client> guests;
  for (int i = 0; i < 50; ++i) {
    guests.push_back(client());
    if (i % 2 != 0) continue;  // silent
    EXPECT_EQ(guests.back().ask("echo 1"), "1");
  }
  auto left = stop_meanwhile();
  for (Client& one : guests) EXPECT_EQ(one.read_all(), fin(""));
  guests.clear();
  EXPECT_EQ(left.get(), 0u);
  EXPECT_EQ(stats().open_connections, 0u);
  EXPECT_EQ(stats().queue_length, 0u);
}

TEST_F(FrontDoorStopTest, WhatIsInHandIsAnsweredFirst) {
  start();
  Client parked = client();
  parked.send("park\n");
  Client half = client();
  half.send("echo hal");
  Client pipelining = client();
  pipelining.send("park\necho 1\necho 2\n");
  Client busy = blocker("busy");
  ASSERT_TRUE(eventually([&] { return service_.parked() == 2; }));
  half.send("f\necho hal");
  EXPECT_EQ(half.read_line(), "half");  // the second request is half there

  auto left = stop_meanwhile();
  EXPECT_EQ(left.wait_for(std::chrono::milliseconds(700)), std::future_status::timeout);
  service_.wake_parked();
  EXPECT_EQ(parked.read_all(), fin("woken\n"));
  EXPECT_EQ(pipelining.read_all(), fin("woken\n1\n2\n"));
  half.send("f\n");
  EXPECT_EQ(half.read_all(), fin("half\n"));
  service_.release("busy");
  EXPECT_EQ(busy.read_all(), fin("released\n"));
  EXPECT_EQ(left.get(), 0u);
}

TEST_F(FrontDoorStopTest, ALargeReplyIsReadToItsEnd) {
  constexpr size_t kBytes = 8u << 20;
  start();
  Client slow = client(4096);
  slow.send("big " + std::to_string(kBytes) + "\n");
  ASSERT_TRUE(eventually([&] { return stats().connections_served == 1; }));
  auto left = stop_meanwhile();
  EXPECT_EQ(slow.read_all(), fin(std::string(kBytes, 'x') + "\n"));
  EXPECT_EQ(left.get(), 0u);
}

TEST_F(FrontDoorStopTest, WhatIsLeftAtTheTimeoutIsCounted) {
  start();
  Client parked = client();
  parked.send("park\n");
  Client half = client();
  half.send("echo hal");
  ASSERT_TRUE(eventually([&] { return service_.parked() == 1 && stats().connections_served == 2; }));
  const uint64_t begin_ns = monotonic_ns();
  EXPECT_EQ(door_->stop(200), 2u);
  EXPECT_GE(monotonic_ns() - begin_ns, 200 * kNanosPerMilli);
  // No session is called after the stop.
  half.send("f\n");
  door_.reset();
  EXPECT_EQ(half.read_all().text, "");
  EXPECT_EQ(parked.read_all().text, "");
}

TEST_F(FrontDoorStopTest, WhoeverIsAcceptedWhileItStopsIsAnswered) {
  options_.workers = 4;
  start();
  std::atomic<uint64_t> answered = 0;
  std::atomic<uint64_t> ended = 0;
  std::atomic<bool> is_over = false;
  std::vector<std::jthread> streams;
  for (int t = 0; t < 4; ++t) {
    streams.emplace_back([&] {
      while (!is_over) {
        Client one = client();
        if (!one.is_connected()) continue;
        one.send("race\nclose\n");
        const Client::Reading reading = one.read_all();
        if (reading == fin("woken\nbye\n")) answered.fetch_add(1);
        // Its first bytes took so long that the stop took it for silent.
        if (reading == fin("")) ended.fetch_add(1);
      }
    });
  }
  ASSERT_TRUE(eventually([&] { return answered >= 100; }));
  EXPECT_EQ(door_->stop(60'000), 0u);
  is_over = true;
  streams.clear();
  EXPECT_GE(answered, 100u);
  EXPECT_EQ(answered + ended, stats().accepted);
  EXPECT_EQ(answered * 2, stats().requests);
}

TEST_F(FrontDoorStopTest, KeepAliveTrafficEndsBetweenRequests) {
  options_.workers = 4;
  start();
  std::atomic<uint64_t> answered = 0;
  std::atomic<uint64_t> resets = 0;
  std::vector<std::jthread> streams;
  for (int t = 0; t < 4; ++t) {
    Client one = client();
    ASSERT_EQ(one.ask("race"), "woken");  // accepted, then, before the stop
    answered.fetch_add(1);
    streams.emplace_back([&answered, &resets, one = std::move(one)]() mutable {
      while (one.ask("race") == "woken") answered.fetch_add(1);
      if (one.read_all().end == Client::End::kReset) resets.fetch_add(1);
    });
  }
  ASSERT_TRUE(eventually([&] { return answered >= 100; }));
  EXPECT_EQ(door_->stop(60'000), 0u);
  streams.clear();
  EXPECT_EQ(answered, stats().requests);
  EXPECT_EQ(resets, 0u);
}

TEST_F(FrontDoorStopTest, TheAddressIsFreeForASuccessorWhenItIsGone) {
  start();
  options_.addresses = {door_->listeners().front().address()};
  EXPECT_EQ(client().ask("echo 1"), "1");
  EXPECT_EQ(door_->stop(60'000), 0u);
  auto early = FrontDoor::open(options_);
  ASSERT_FALSE(early.has_value()) << "whoever connects now is to wait for the successor";
  EXPECT_EQ(early.error().code, ErrorCode::kLocked);
  door_.reset();
  auto successor = FrontDoor::open(options_);
  EXPECT_TRUE(successor.has_value()) << successor.error().message;
}

// The successor is not to wait for its predecessor's slowest request.
TEST_F(FrontDoorStopTest, TheAddressIsFreeEarlierWhereRequestsInHandTakeLong) {
  start();
  options_.addresses = {door_->listeners().front().address()};
  Client parked = client();
  parked.send("park\n");
  ASSERT_TRUE(eventually([&] { return service_.parked() == 1; }));
  auto left = stop_meanwhile();
  EXPECT_TRUE(eventually([&] { return FrontDoor::open(options_).has_value(); }));
  service_.wake_parked();
  EXPECT_EQ(parked.read_all(), fin("woken\n"));
  EXPECT_EQ(left.get(), 0u);
}

// Also where it takes longer than the two seconds after which other addresses are given up.
TEST_F(FrontDoorStopTest, WhoComesLaterIsLeftToASuccessorThatHasTheSocket) {
  start();
  Client parked = client();
  parked.send("park\n");
  ASSERT_TRUE(eventually([&] { return service_.parked() == 1; }));
  door_->leave_queues();
  auto left = stop_meanwhile();
  EXPECT_EQ(left.wait_for(std::chrono::milliseconds(2700)), std::future_status::timeout);
  const Client later = client();
  EXPECT_TRUE(later.is_connected());
  service_.wake_parked();
  EXPECT_EQ(parked.read_all(), fin("woken\n"));
  EXPECT_EQ(left.get(), 0u);
  EXPECT_EQ(door_->listeners().front().queue_depth(), 1u);
}

TEST_F(FrontDoorStopTest, WithoutAStopEverythingIsClosed) {
  start();
  std::vector<Client> guests;
  for (const char* request : {"", "echo hal", "echo 1\n", "park\n", "big 8000000\n"}) {
    guests.push_back(client());
    guests.back().send(request);
  }
  ASSERT_TRUE(eventually([&] { return stats().connections_served == 4 && service_.parked() == 1; }));
  door_.reset();
  for (Client& one : guests) EXPECT_NE(one.read_all().end, Client::End::kNot);
}

}  // namespace
}  // namespace ms::net
