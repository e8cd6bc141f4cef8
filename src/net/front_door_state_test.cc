// What the front door tells of its parts while they are at work.
#include "net/front_door_state.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "net/front_door_testing.h"

namespace ms::net {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::SizeIs;

class FrontDoorStateTest : public FrontDoorTest {
 protected:
  FrontDoorState state() { return door_->state(); }

  static uint64_t count(const FrontDoorState& state, SocketState which) {
    return state.census.by_state[static_cast<size_t>(which)];
  }
  bool eventually_has(SocketState which, uint64_t wanted) {
    return eventually([&] { return count(state(), which) == wanted; });
  }
  SocketEntry socket_of(const Client& client) {
    const FrontDoorState now = state();
    const auto found = std::ranges::find(now.census.sockets, client.endpoint(), &SocketEntry::peer);
    return found == now.census.sockets.end() ? SocketEntry{} : *found;
  }
};

TEST_F(FrontDoorStateTest, WorkersAreIdleOrServeAConnection) {
  start();
  ASSERT_TRUE(eventually([&] { return state().workers.back().since_ns < kForeverNs; }));
  Client first = client();
  EXPECT_EQ(first.ask("echo 1"), "1");
  // The client may have the reply before its worker has counted it.
  ASSERT_TRUE(eventually([&] {
    return std::ranges::all_of(state().workers, [](const WorkerEntry& worker) { return worker.connection == 0; });
  }));
  const Client busy = blocker("busy");
  std::vector<WorkerEntry> workers = state().workers;
  ASSERT_THAT(workers, SizeIs(2));
  EXPECT_EQ(workers[0].worker, 1u);
  EXPECT_EQ(workers[1].worker, 2u);
  EXPECT_EQ(workers[0].served + workers[1].served, 1u);
  std::ranges::sort(workers, {}, &WorkerEntry::connection);
  EXPECT_EQ(workers[0].connection, 0u);
  EXPECT_EQ(workers[1].connection, 2u) << "C2 occupies it";
  const uint64_t since_ns = workers[1].since_ns;
  EXPECT_TRUE(eventually([&] {
    return std::ranges::any_of(state().workers, [&](const WorkerEntry& worker) {
      return worker.connection == 2 && worker.since_ns > since_ns + 5 * kNanosPerMilli;
    });
  }));
  service_.release("busy");
}

TEST_F(FrontDoorStateTest, EachSocketIsInTheStateThatItIsIn) {
  start();
  Client waiting = client();
  EXPECT_EQ(waiting.ask("echo 1"), "1");
  Client parked = client();
  parked.send("park\n");
  Client sending = client(4096);
  sending.send("big " + std::to_string(8 << 20) + "\n");
  ASSERT_TRUE(eventually_has(SocketState::kSending, 1));
  ASSERT_TRUE(eventually_has(SocketState::kParked, 1));
  const Client first = blocker("first");
  const Client second = blocker("second");
  Client queued = client();
  queued.send("echo queued\n");
  ASSERT_TRUE(eventually_has(SocketState::kQueued, 1));
  ASSERT_TRUE(eventually_has(SocketState::kServing, 2));

  EXPECT_EQ(socket_of(waiting).state, SocketState::kWaiting);
  EXPECT_EQ(socket_of(parked).state, SocketState::kParked);
  EXPECT_EQ(socket_of(sending).state, SocketState::kSending);
  EXPECT_EQ(socket_of(first).state, SocketState::kServing);
  EXPECT_EQ(socket_of(second).state, SocketState::kServing);
  EXPECT_EQ(socket_of(queued).state, SocketState::kQueued);
  EXPECT_EQ(count(state(), SocketState::kWaiting), 1u);
  EXPECT_EQ(count(state(), SocketState::kParked), 1u);
  EXPECT_EQ(state().stats.open_connections, 6u);
  service_.release("first");
  service_.release("second");
  EXPECT_EQ(queued.read_line(), "queued");
  service_.wake_parked();
  EXPECT_EQ(parked.read_line(), "woken");
}

TEST_F(FrontDoorStateTest, ASocketShowsItsAddressesAndWhatIsInItsBuffers) {
  options_.workers = 1;
  start();
  Client sending = client(4096);
  sending.send("big " + std::to_string(8 << 20) + "\n");
  ASSERT_TRUE(eventually_has(SocketState::kSending, 1));
  const Client busy = blocker("busy");
  Client queued = client();
  queued.send("echo 1234\n");
  ASSERT_TRUE(eventually([&] { return socket_of(queued).receive_bytes > 0; }));
  const SocketEntry entry = socket_of(queued);
  EXPECT_EQ(entry.connection, 3u);
  EXPECT_EQ(Endpoint::peer_of(entry.fd), queued.endpoint()) << "the server's descriptor, in this process";
  EXPECT_EQ(entry.local, door_->listeners().front().endpoint());
  EXPECT_GT(entry.age_ns, 0u);
  EXPECT_EQ(entry.receive_bytes, 10u);
  EXPECT_GT(entry.receive_buffer_bytes, 10u);
  EXPECT_EQ(entry.send_bytes, 0u);
  EXPECT_GT(socket_of(sending).send_bytes, 0u);
  EXPECT_GE(socket_of(sending).send_buffer_bytes, socket_of(sending).send_bytes / 2);
  service_.release("busy");
}

TEST_F(FrontDoorStateTest, TheQueueListsItsOldestFirst) {
  options_.workers = 1;
  start();
  const Client busy = blocker("busy");
  EXPECT_THAT(state().census.queue, IsEmpty());
  std::vector<Client> waiting;
  for (size_t i = 1; i <= 3; ++i) {
    waiting.push_back(client());
    waiting.back().send("echo 1\n");
    ASSERT_TRUE(eventually([&] { return stats().queue_length == i; }));
  }
  const std::vector<QueueEntry> queue = state().census.queue;
  const auto is_entry = [&](uint64_t connection, const Client& one) {
    return AllOf(Field(&QueueEntry::connection, connection), Field(&QueueEntry::peer, one.endpoint()));
  };
  ASSERT_THAT(queue, ElementsAre(is_entry(2, waiting[0]), is_entry(3, waiting[1]), is_entry(4, waiting[2])));
  EXPECT_GT(queue[0].age_ns, queue[1].age_ns);
  EXPECT_GT(queue[1].age_ns, queue[2].age_ns);
  service_.release("busy");
  for (Client& one : waiting) EXPECT_EQ(one.read_line(), "1");
}

TEST_F(FrontDoorStateTest, OfManyTheFirstAreListedAndAllAreCounted) {
  options_.workers = 1;
  start();
  const Client busy = blocker("busy");
  std::vector<Client> waiting;
  for (int i = 0; i < 300; ++i) waiting.push_back(client());
  ASSERT_TRUE(eventually_has(SocketState::kQueued, 300));
  const FrontDoorState now = state();
  ASSERT_THAT(now.census.queue, SizeIs(SocketCensus::kEntriesMax));
  ASSERT_THAT(now.census.sockets, SizeIs(SocketCensus::kEntriesMax));
  for (size_t i = 0; i < SocketCensus::kEntriesMax; ++i) {
    EXPECT_EQ(now.census.queue[i].connection, i + 2);
    EXPECT_EQ(now.census.sockets[i].connection, i + 1);
  }
  service_.release("busy");
}

TEST_F(FrontDoorStateTest, TheAcceptLoopIsBlockedWhileNobodyComes) {
  start();
  ASSERT_TRUE(eventually([&] { return state().accept_state == AcceptState::kBlocked; }));
  const uint64_t blocked_ns = state().accept_state_ns;
  EXPECT_TRUE(eventually([&] { return state().accept_state_ns > blocked_ns + 10 * kNanosPerMilli; }));
  EXPECT_EQ(client().ask("echo 1"), "1");
  EXPECT_EQ(state().stats.accepted, 1u);
  EXPECT_TRUE(eventually([&] { return state().stats.accept.p50_ns > 0; }));
  EXPECT_TRUE(eventually([&] { return state().drain.last_ten_seconds > 0; }));
}

TEST_F(FrontDoorStateTest, WhileTheInlineLoopWorksEverybodyElseIsSeenInTheListenQueue) {
  options_.architecture = Architecture::kInline;
  start();
  const Client busy = blocker("busy");
  const Client waiting = client();
  // The busy one may have been seen in the queue too, before it was accepted.
  ASSERT_TRUE(eventually([&] { return state().waiting.front().peers == std::vector{waiting.endpoint()}; }));
  const FrontDoorState now = state();
  EXPECT_EQ(now.architecture, Architecture::kInline);
  EXPECT_EQ(now.accept_state, AcceptState::kDraining);
  EXPECT_EQ(now.waiting.front().total, 1u);
  EXPECT_EQ(now.stats.listen_queues.front().queue.depth, 1u);
  ASSERT_THAT(now.workers, SizeIs(1));
  EXPECT_EQ(now.workers.front().connection, 1u);
  EXPECT_EQ(count(now, SocketState::kServing), 1u);
  service_.release("busy");
}

// Clients and server share this process's descriptors, so that one that was closed is another socket's at once: what
// is listed has to be a connection of the door's all the same.
TEST_F(FrontDoorStateTest, NoEntryIsOfADescriptorThatChangedHands) {
  constexpr int kThreads = 4;
  options_.workers = 4;
  start();
  std::atomic<int> running = kThreads;
  std::atomic<uint64_t> entries = 0;
  std::vector<std::jthread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 300 || (entries == 0 && i < 30'000); ++i) {
        Client one = client();
        if (i % 3 == 0) one.ask("race");
        if (i % 3 == 1) one.ask("close");
      }
      --running;
    });
  }
  while (running > 0) {
    const SocketCensus census = state().census;
    EXPECT_TRUE(std::ranges::is_sorted(census.sockets, std::less_equal<>{}, &SocketEntry::connection) ||
                census.sockets.empty());
    for (const SocketEntry& entry : census.sockets) {
      EXPECT_EQ(entry.local, door_->listeners().front().endpoint()) << entry.local.text();
      EXPECT_LT(entry.age_ns, 60 * kNanosPerSecond);
    }
    entries += census.sockets.size();
  }
  EXPECT_GT(entries.load(), 0u);
  EXPECT_TRUE(eventually([&] { return stats().open_connections == 0; }));
  EXPECT_THAT(state().census.sockets, IsEmpty());
}

}  // namespace
}  // namespace ms::net
