// Parking: a connection that waits for another thread holds no worker, and no wake is lost, whenever it comes.
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "net/front_door_testing.h"

namespace ms::net {
namespace {

class FrontDoorParkingTest : public FrontDoorTest {};

TEST_F(FrontDoorParkingTest, ParkedConnectionsHoldNoWorker) {
  options_.workers = 1;
  start();
  std::vector<Client> parked;
  for (int i = 0; i < 100; ++i) {
    parked.push_back(client());
    parked.back().send("park\necho next\n");
  }
  ASSERT_TRUE(eventually([&] { return service_.parked() == 100; }));
  EXPECT_EQ(client().ask("echo quick"), "quick");
  service_.wake_parked();
  for (Client& one : parked) {
    EXPECT_EQ(one.read_line(), "woken");
    EXPECT_EQ(one.read_line(), "next");
  }
}

TEST_F(FrontDoorParkingTest, TheLastReplyReachesAClientThatHasSentMoreThanItsRequest) {
  start();
  for (int i = 0; i < 20; ++i) {
    Client someone = client();
    someone.send("park last\n");
    ASSERT_TRUE(eventually([&] { return service_.parked() == 1; }));
    someone.send("\r\n");
    service_.wake_parked();
    EXPECT_EQ(someone.read_all(), fin("woken\n"));
  }
}

TEST_F(FrontDoorParkingTest, AWakeThatComesBeforeTheParkIsNotLost) {
  start();
  Client someone = client();
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(someone.ask("early"), "woken");
}

TEST_F(FrontDoorParkingTest, ParksAndWakesMayMeetInAnyOrder) {
  constexpr int kThreads = 4;
  constexpr int kConnections = 4;
  constexpr int kRounds = 250;
  options_.workers = 4;
  start();
  std::atomic<int> answered = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        std::vector<Client> own;
        for (int i = 0; i < kConnections; ++i) own.push_back(client());
        for (int round = 0; round < kRounds; ++round) {
          for (Client& one : own) one.send("race\nrace\n");
          for (Client& one : own) {
            if (one.read_line() == "woken" && one.read_line() == "woken") answered.fetch_add(2);
          }
        }
      });
    }
  }
  EXPECT_EQ(answered, 2 * kThreads * kConnections * kRounds);
}

// The worker that parks a connection must not touch it again: another one may have answered and closed it already.
TEST_F(FrontDoorParkingTest, AConnectionMayEndWhileItsWorkerStillParksIt) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 500;
  options_.workers = 4;
  start();
  std::atomic<int> answered = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < kRounds; ++i) {
          Client one = client();
          one.send("race\nclose\n");
          if (one.read_all() == fin("woken\nbye\n")) answered.fetch_add(1);
        }
      });
    }
  }
  EXPECT_EQ(answered, kThreads * kRounds);
  EXPECT_TRUE(eventually([&] { return stats().open_connections == 0; }));
}

}  // namespace
}  // namespace ms::net
