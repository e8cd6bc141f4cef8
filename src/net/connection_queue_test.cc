#include "net/connection_queue.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <string_view>

#include "base/clock.h"

namespace ms::net {
namespace {

using Kind = ConnectionQueue::Event::Kind;

class ConnectionQueueTest : public testing::Test {
 protected:
  // A connection; the queue has the near end, the test the far one.
  struct Ends {
    Descriptor near;
    Descriptor far;
  };

  static Ends connect() {
    std::array<int, 2> fds{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()), 0);
    return {Descriptor(fds[0]), Descriptor(fds[1])};
  }

  static void send(const Ends& ends, std::string_view text) {
    EXPECT_EQ(::send(ends.far.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  }

  bool enqueue(const Ends& ends, uint64_t accepted_ns = 1) {
    return queue_->enqueue(ends.near.get(), {.accepted_ns = accepted_ns}, kFarDeadlineNs);
  }

  ConnectionQueue::Event wait() {
    ConnectionQueue::Event event;
    EXPECT_EQ(queue_->wait({&event, 1}).size(), 1u);
    return event;
  }

  // The connection that the next event takes, as a worker does it.
  int take() {
    const ConnectionQueue::Event event = wait();
    EXPECT_EQ(event.kind, Kind::kConnection);
    return queue_->table().at(event.fd).take_or_call() ? event.fd : -1;
  }

  static constexpr uint64_t kFarDeadlineNs = ~uint64_t{0};
  const std::unique_ptr<ConnectionQueue> queue_ = std::move(*ConnectionQueue::open(4096));
};

TEST_F(ConnectionQueueTest, TheKernelNamesWhoHasBytes) {
  const Ends silent = connect();
  const Ends talking = connect();
  ASSERT_TRUE(enqueue(silent));
  ASSERT_TRUE(enqueue(talking));
  send(talking, "x");
  EXPECT_EQ(take(), talking.near.get());
}

TEST_F(ConnectionQueueTest, WhatComesWhileAConnectionIsHeldIsToldAgainWhenItIsPutBack) {
  const Ends ends = connect();
  ASSERT_TRUE(enqueue(ends));
  send(ends, "x");
  ASSERT_EQ(take(), ends.near.get());
  send(ends, "y");
  EXPECT_EQ(take(), -1) << "somebody has it";
  queue_->put_back(ends.near.get(), Direction::kRead, kFarDeadlineNs);
  EXPECT_EQ(take(), ends.near.get());
}

TEST_F(ConnectionQueueTest, WhatWasNotReadIsToldAgain) {
  const Ends ends = connect();
  ASSERT_TRUE(enqueue(ends));
  send(ends, "x");
  ASSERT_EQ(take(), ends.near.get());
  queue_->put_back(ends.near.get(), Direction::kRead, kFarDeadlineNs, true);
  EXPECT_EQ(take(), ends.near.get());
}

TEST_F(ConnectionQueueTest, WhoHasSentAllWaitsForBytesAgain) {
  const Ends ends = connect();
  const Ends other = connect();
  ASSERT_TRUE(enqueue(ends));
  ASSERT_TRUE(enqueue(other));
  send(ends, "x");
  ASSERT_EQ(take(), ends.near.get());
  queue_->put_back(ends.near.get(), Direction::kWrite, kFarDeadlineNs);
  ASSERT_EQ(take(), ends.near.get());
  char byte = 0;
  ASSERT_EQ(recv(ends.near.get(), &byte, 1, 0), 1);
  queue_->put_back(ends.near.get(), Direction::kRead, kFarDeadlineNs);
  send(other, "x");
  EXPECT_EQ(take(), other.near.get()) << "there is room to send still, and nobody asks";
  send(ends, "y");
  EXPECT_EQ(take(), ends.near.get());
}

TEST_F(ConnectionQueueTest, WhatWasHandedOverIsNotToldOf) {
  const Ends gone = connect();
  const Ends other = connect();
  ASSERT_TRUE(enqueue(gone));
  ASSERT_TRUE(enqueue(other));
  ASSERT_TRUE(queue_->table().at(gone.near.get()).try_take());
  queue_->hand_over(gone.near.get());
  send(gone, "x");
  send(other, "x");
  EXPECT_EQ(wait().fd, other.near.get());
}

TEST_F(ConnectionQueueTest, AnEventComesOnceUntilTheConnectionIsPutBack) {
  const Ends first = connect();
  const Ends second = connect();
  ASSERT_TRUE(enqueue(first));
  ASSERT_TRUE(enqueue(second));
  send(first, "x");
  EXPECT_EQ(take(), first.near.get());
  send(second, "x");
  EXPECT_EQ(take(), second.near.get());
  send(first, "y");
  EXPECT_EQ(take(), -1);
  queue_->put_back(first.near.get(), Direction::kRead, kFarDeadlineNs);
  EXPECT_EQ(take(), first.near.get());
  queue_->put_back(second.near.get(), Direction::kWrite, kFarDeadlineNs);
  EXPECT_EQ(take(), second.near.get()) << "there is room to send";
}

TEST_F(ConnectionQueueTest, OnlyOneThreadTakesAConnection) {
  const Ends ends = connect();
  ASSERT_TRUE(enqueue(ends));
  Slot& slot = queue_->table().at(ends.near.get());
  EXPECT_TRUE(slot.try_take());
  EXPECT_FALSE(slot.try_take());
  queue_->put_back(ends.near.get(), Direction::kRead, kFarDeadlineNs);
  EXPECT_TRUE(slot.try_take());
  queue_->remove(ends.near.get());
  EXPECT_FALSE(slot.try_take());
}

TEST_F(ConnectionQueueTest, LengthCountsWhomNoWorkerHasTaken) {
  const Ends served = connect();
  const Ends dropped = connect();
  ASSERT_TRUE(enqueue(served));
  ASSERT_TRUE(enqueue(dropped));
  EXPECT_EQ(queue_->length(), 2u);
  Slot& slot = queue_->table().at(served.near.get());
  ASSERT_TRUE(slot.try_take());
  queue_->mark_served(slot);
  EXPECT_EQ(queue_->length(), 1u);
  queue_->put_back(served.near.get(), Direction::kRead, kFarDeadlineNs);
  EXPECT_EQ(queue_->length(), 1u) << "it has been served before";
  ASSERT_TRUE(queue_->table().at(dropped.near.get()).try_take());
  queue_->remove(dropped.near.get());
  EXPECT_EQ(queue_->length(), 0u);
  EXPECT_EQ(queue_->open_connections(), 1u);
  ASSERT_TRUE(slot.try_take());
  queue_->remove(served.near.get());
  EXPECT_EQ(queue_->length(), 0u);
  EXPECT_EQ(queue_->open_connections(), 0u);
}

TEST_F(ConnectionQueueTest, TheAgeIsThatOfTheOldestWhoWaits) {
  EXPECT_EQ(queue_->oldest_age_ns(1000), 0u);
  const Ends oldest = connect();
  const Ends younger = connect();
  ASSERT_TRUE(enqueue(oldest, 100));
  ASSERT_TRUE(enqueue(younger, 400));
  EXPECT_EQ(queue_->oldest_age_ns(1000), 900u);
  Slot& slot = queue_->table().at(oldest.near.get());
  ASSERT_TRUE(slot.try_take());
  queue_->mark_served(slot);
  queue_->put_back(oldest.near.get(), Direction::kRead, kFarDeadlineNs);
  EXPECT_EQ(queue_->oldest_age_ns(1000), 600u);
  EXPECT_EQ(queue_->oldest_age_ns(300), 0u) << "accepted after the caller looked at the clock";
}

TEST_F(ConnectionQueueTest, WhatTheKernelDoesNotTakeIsLeftToTheCaller) {
  const Ends ends = connect();
  ASSERT_TRUE(enqueue(ends));
  ASSERT_TRUE(queue_->table().at(ends.near.get()).try_take());
  queue_->remove(ends.near.get());
  EXPECT_FALSE(enqueue(ends)) << "the kernel has it already";
  EXPECT_EQ(queue_->length(), 0u);
  EXPECT_EQ(queue_->open_connections(), 0u);
}

TEST_F(ConnectionQueueTest, AnEventSaysForWhichConnectionItIs) {
  for (const uint64_t number : {uint64_t{7}, (uint64_t{1} << 43) - 2}) {
    const Ends ends = connect();
    ASSERT_TRUE(queue_->enqueue(ends.near.get(), {.number = number}, kFarDeadlineNs));
    send(ends, "x");
    const ConnectionQueue::Event event = wait();
    EXPECT_EQ(event.fd, ends.near.get());
    EXPECT_EQ(event.number, number);
    ASSERT_TRUE(queue_->table().at(event.fd).try_take());
    queue_->put_back(event.fd, Direction::kRead, kFarDeadlineNs, true);
    EXPECT_EQ(wait().number, number) << "asked again";
    ASSERT_TRUE(queue_->table().at(event.fd).try_take());
    queue_->remove(event.fd);
  }
}

TEST_F(ConnectionQueueTest, AsManyEventsComeAtATimeAsFit) {
  std::array<Ends, 3> all = {connect(), connect(), connect()};
  for (const Ends& ends : all) {
    ASSERT_TRUE(enqueue(ends));
    send(ends, "x");
  }
  std::array<ConnectionQueue::Event, 2> events;
  const auto two = queue_->wait(events);
  ASSERT_EQ(two.size(), 2u);
  EXPECT_EQ(two[0].fd, all[0].near.get());
  EXPECT_EQ(two[1].fd, all[1].near.get());
  const auto one = queue_->wait(events);
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0].fd, all[2].near.get());
}

TEST_F(ConnectionQueueTest, AStopStays) {
  queue_->stop_workers();
  EXPECT_EQ(wait().kind, Kind::kStop);
  EXPECT_EQ(wait().kind, Kind::kStop);
}

TEST_F(ConnectionQueueTest, LettersAreAnnounced) {
  queue_->mailbox().post(nullptr);
  EXPECT_EQ(wait().kind, Kind::kMail);
}

}  // namespace
}  // namespace ms::net
