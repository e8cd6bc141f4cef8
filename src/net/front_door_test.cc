// Serving: who connects is answered, by whichever worker is free.
#include "net/front_door.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "net/front_door_testing.h"

namespace ms::net {
namespace {

class FrontDoorServingTest : public FrontDoorTest {};

TEST_F(FrontDoorServingTest, KeepsAConnectionOpenBetweenRequests) {
  start();
  Client someone = client();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(someone.ask("echo " + std::to_string(i)), std::to_string(i));
  EXPECT_EQ(someone.ask("close"), "bye");
  EXPECT_EQ(someone.read_all(), fin(""));
  EXPECT_EQ(stats().accepted, 1u);
  EXPECT_EQ(stats().connections_served, 1u);
  EXPECT_EQ(stats().requests, 101u);
  EXPECT_TRUE(eventually([&] { return stats().open_connections == 0; }));
}

TEST_F(FrontDoorServingTest, WaitsForAnAddressAndHasThoseBeforeItMeanwhile) {
  std::optional<Listener> held = *Listener::open("127.0.0.1:0", 16);
  std::optional<Listener> free = *Listener::open("127.0.0.1:0", 16);
  const std::string first = free->address();
  free.reset();
  FrontDoorOptions options = options_;
  options.addresses = {first, held->address()};

  EXPECT_FALSE(FrontDoor::open(options, {}, [](const Error&) { return false; }).has_value());
  int asked = 0;
  const auto door = FrontDoor::open(options, {}, [&](const Error& taken) {
    EXPECT_EQ(taken.code, ErrorCode::kLocked);
    EXPECT_FALSE(Listener::open(first, 16)) << "the first address is ours meanwhile";
    if (++asked == 3) held.reset();
    return true;
  });
  ASSERT_TRUE(door.has_value()) << door.error().message;
  EXPECT_EQ(asked, 3);
}

TEST_F(FrontDoorServingTest, AnswersPipelinedRequestsInOrder) {
  start();
  Client someone = client();
  someone.send("echo 1\nearly\necho 2\nrace\nbig 3\nclose\n");
  EXPECT_EQ(someone.read_all(), fin("1\nwoken\n2\nwoken\nxxx\nbye\n"));
}

TEST_F(FrontDoorServingTest, AReplyThatGoesOutWithTheEndArrivesWhole) {
  start();
  constexpr uint64_t kSizes[] = {1, 100'000, 8'000'000};
  uint64_t served = 0;
  for (const uint64_t bytes : kSizes) {
    Client someone = client(4096);
    someone.send("last " + std::to_string(bytes) + "\n");
    EXPECT_EQ(someone.read_all(), fin(std::string(bytes, 'x') + "\n"));
    EXPECT_TRUE(eventually([&] { return stats().requests == served + 1; }));
    ++served;
  }
  EXPECT_TRUE(eventually([&] { return stats().open_connections == 0; }));
}

TEST_F(FrontDoorServingTest, TakesARequestInPieces) {
  start();
  Client someone = client();
  Client other = client();
  for (const char piece : std::string("echo wor")) {
    someone.send({&piece, 1});
    EXPECT_EQ(other.ask("echo between"), "between");
  }
  EXPECT_EQ(someone.ask("d"), "word");
}

TEST_F(FrontDoorServingTest, AHalfClosedClientGetsItsReply) {
  start();
  Client someone = client();
  someone.send("race\n");
  someone.finish();
  EXPECT_EQ(someone.read_all(), fin("woken\n"));
}

TEST_F(FrontDoorServingTest, EveryListenerLeadsToTheSameWorkers) {
  options_.addresses = {"127.0.0.1:0", "127.0.0.1:0"};
  start();
  for (const Listener& listener : door_->listeners()) EXPECT_EQ(Client(listener).ask("echo here"), "here");
  EXPECT_EQ(stats().listen_queues.size(), 2u);
}

TEST_F(FrontDoorServingTest, AConnectionMayChangeItsWorkerBetweenRequests) {
  start();
  Client someone = client();
  Client first = blocker("first");
  const std::string worker = someone.ask("who");
  Client second = blocker("second");  // occupies that worker, the only free one
  service_.release("first");
  EXPECT_EQ(first.read_line(), "released");
  EXPECT_NE(someone.ask("who"), worker);
  service_.release("second");
}

TEST_F(FrontDoorServingTest, OneFreeWorkerServesAllTheOthers) {
  options_.workers = 3;
  start();
  std::vector<Client> waiting;
  for (int i = 0; i < 100; ++i) waiting.push_back(client());
  const Client first = blocker("first");
  const Client second = blocker("second");
  for (int i = 0; i < 100; ++i) waiting.push_back(client());
  for (Client& one : waiting) EXPECT_TRUE(one.send("echo served\n"));
  for (Client& one : waiting) EXPECT_EQ(one.read_line(), "served");
  service_.release("first");
  service_.release("second");
}

TEST_F(FrontDoorServingTest, SlowClientsHoldNoWorker) {
  options_.workers = 1;
  start();
  std::vector<Client> slow;
  for (int i = 0; i < 50; ++i) {
    slow.push_back(client());
    slow.back().send("echo slo");
  }
  EXPECT_EQ(client().ask("echo quick"), "quick");
  for (Client& one : slow) EXPECT_EQ(one.ask("w"), "slow");
}

TEST_F(FrontDoorServingTest, ALargeReplyWaitsForItsReaderWithoutAWorker) {
  constexpr size_t kBytes = 8u << 20;  // more than any socket buffer
  options_.workers = 1;
  start();
  Client slow = client(4096);
  slow.send("big " + std::to_string(kBytes) + "\necho after\n");
  EXPECT_EQ(client().ask("echo quick"), "quick");
  EXPECT_EQ(slow.read_line(), std::string(kBytes, 'x'));
  EXPECT_EQ(slow.read_line(), "after");
}

TEST_F(FrontDoorServingTest, AnInterimWriteIsNoReplyAndWaitsForItsReaderToo) {
  constexpr size_t kBytes = 8u << 20;  // more than any socket buffer
  start();
  Client slow = client(4096);
  slow.send("interim 3\ninterim " + std::to_string(kBytes) + "\n");
  EXPECT_EQ(slow.read_line(), "...");
  EXPECT_EQ(stage_count(Stage::kTotal), 0u);
  EXPECT_EQ(slow.read_line(), std::string(kBytes, '.'));
  EXPECT_EQ(slow.ask("echo after"), "after");
  ASSERT_TRUE(eventually([&] { return stage_count(Stage::kTotal) == 1; }));
  EXPECT_EQ(stats().requests, 1u);
  EXPECT_EQ(stage_count(Stage::kQueue), 1u) << "the reply is still the connection's first";
}

TEST_F(FrontDoorServingTest, AClientThatLeavesBeforeItsReplyIsCounted) {
  start();
  Client impatient = client();
  impatient.send("park\n");
  ASSERT_TRUE(eventually([&] { return service_.parked() == 1; }));
  impatient.abort();
  service_.wake_parked();
  EXPECT_TRUE(eventually([&] { return stats().broken == 1 && stats().open_connections == 0; }));
}

TEST_F(FrontDoorServingTest, ABurstOfConnectionsIsServed) {
  constexpr size_t kBurst = 2000;
  if (options_.descriptors_max < 2 * kBurst + 256) GTEST_SKIP() << "too few descriptors";
  start();
  std::vector<Client> burst;
  for (size_t i = 0; i < kBurst; ++i) burst.push_back(client());
  for (Client& one : burst) EXPECT_TRUE(one.send("echo served\nclose\n"));
  for (Client& one : burst) EXPECT_EQ(one.read_all(), fin("served\nbye\n"));
  EXPECT_EQ(stats().accepted, kBurst);
  EXPECT_EQ(stats().connections_served, kBurst);
  for (const auto& [address, queue] : stats().listen_queues) EXPECT_EQ(queue.drops, 0u) << address;
}

// Descriptors are used again at once, by connections that end in every way there is: an event of the last one must not
// reach the next.
TEST_F(FrontDoorServingTest, ADescriptorUsedAgainIsAnotherConnection) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 400;
  options_.workers = 4;
  start();
  std::atomic<int> answered = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kRounds; ++i) {
          const std::string word = std::to_string(t * kRounds + i);
          Client one = client();
          if (one.ask("echo " + word) == word) answered.fetch_add(1);
          switch (i % 5) {
            case 0:
              one.ask("close");
              break;
            case 1:
              one.ask("linger");
              break;
            case 2:
              one.send("drop\n");
              break;
            case 3:
              one.abort();
              break;
            default:
              break;
          }
        }
      });
    }
  }
  EXPECT_EQ(answered, kThreads * kRounds);
  EXPECT_TRUE(eventually([&] { return stats().open_connections == 0; }));
  EXPECT_EQ(stats().queue_length, 0u);
  EXPECT_EQ(stats().connections_served, stats().accepted);
}

TEST_F(FrontDoorServingTest, TheQueueShowsWhoWaitsAndHowLong) {
  start();
  Client first = blocker("first");
  const Client second = blocker("second");
  EXPECT_EQ(stats().queue_length, 0u);
  EXPECT_EQ(stats().queue_age_ns, 0u);
  std::vector<Client> waiting;
  for (int i = 0; i < 3; ++i) {
    waiting.push_back(client());
    waiting.back().send("echo served\n");
  }
  ASSERT_TRUE(eventually([&] { return stats().queue_length == 3; }));
  const uint64_t begin_ns = monotonic_ns();
  const uint64_t age_ns = stats().queue_age_ns;
  EXPECT_GT(age_ns, 0u);
  EXPECT_TRUE(eventually([&] { return monotonic_ns() - begin_ns > 20 * kNanosPerMilli; }));
  EXPECT_GE(stats().queue_age_ns, age_ns + 20 * kNanosPerMilli);
  EXPECT_EQ(stats().open_connections, 5u);
  service_.release("first");
  for (Client& one : waiting) EXPECT_EQ(one.read_line(), "served");
  EXPECT_EQ(stats().queue_length, 0u);
  EXPECT_EQ(stats().queue_age_ns, 0u);
  service_.release("second");
}

TEST_F(FrontDoorServingTest, StagesAreCountedOncePerConnectionOrRequest) {
  start();
  for (int i = 0; i < 3; ++i) {
    Client someone = client();
    EXPECT_EQ(someone.ask("echo 1"), "1");
    EXPECT_EQ(someone.ask("durable"), "durable");
    EXPECT_EQ(someone.ask("race"), "woken");
    EXPECT_EQ(someone.ask("close"), "bye");
  }
  ASSERT_TRUE(eventually([&] { return stage_count(Stage::kTotal) == 12; }));
  EXPECT_EQ(stats().requests, 12u);
  for (const Stage stage : {Stage::kAccept, Stage::kEnqueue, Stage::kQueue, Stage::kCommit}) {
    EXPECT_EQ(stage_count(stage), 3u) << stage_name(stage);
  }
  for (const Stage stage : {Stage::kReceive, Stage::kReply}) EXPECT_EQ(stage_count(stage), 12u) << stage_name(stage);
}

TEST_F(FrontDoorServingTest, TheQueueStageHoldsTheWaitForAWorker) {
  options_.workers = 1;
  start();
  const Client busy = blocker("busy");
  Client waiting = client();
  waiting.send("echo served\n");
  constexpr uint64_t kWaitNs = 50 * kNanosPerMilli;
  ASSERT_TRUE(eventually([&] { return stats().queue_age_ns > kWaitNs; }));
  service_.release("busy");
  EXPECT_EQ(waiting.read_line(), "served");
  EXPECT_TRUE(eventually([&] { return stats().stages[static_cast<size_t>(Stage::kQueue)].sum_ns > kWaitNs; }));
}

}  // namespace
}  // namespace ms::net
