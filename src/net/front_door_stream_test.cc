// Replies that go on: they count once, and a client that takes nothing of them holds nobody.
#include <gtest/gtest.h>

#include <future>
#include <string>
#include <vector>

#include "net/front_door_state.h"
#include "net/front_door_testing.h"

namespace ms::net {
namespace {

class FrontDoorStreamTest : public FrontDoorTest {
 protected:
  // A client that follows a stream of so many bytes for each wake.
  Client follow(size_t bytes, int receive_bytes = 0) {
    Client one = client(receive_bytes);
    EXPECT_EQ(one.ask("stream " + std::to_string(bytes)), "begun");
    EXPECT_TRUE(eventually([&] { return service_.parked() == 1; }));
    return one;
  }
  // The same with a client that takes nothing more of it.
  Client follow_idly() {
    constexpr size_t kMoreThanTheKernelHolds = 16u << 20;
    Client idle = follow(kMoreThanTheKernelHolds, 4096);
    service_.wake_parked();
    EXPECT_TRUE(eventually([&] { return count(SocketState::kSending) == 1; }));
    return idle;
  }
  uint64_t count(SocketState state) { return door_->state().census.by_state[static_cast<size_t>(state)]; }
};

TEST_F(FrontDoorStreamTest, AStreamIsOneReplyHoweverLongItGoesOn) {
  start();
  Client one = follow(3);
  for (int i = 0; i < 3; ++i) {
    service_.wake_parked();
    EXPECT_EQ(one.read_line(), "~~~");
    EXPECT_TRUE(eventually([&] { return service_.parked() == 1; }));
  }
  EXPECT_EQ(stats().requests, 1u);
  EXPECT_EQ(stage_count(Stage::kReply), 1u);
  EXPECT_EQ(door_->records().size(), 1u);
  EXPECT_EQ(count(SocketState::kParked), 1u);
}

TEST_F(FrontDoorStreamTest, AClientThatHasSeenEnoughIsNotBroken) {
  start();
  follow(3).abort();
  EXPECT_TRUE(eventually([&] {
    service_.wake_parked();
    return stats().open_connections == 0;
  }));
  EXPECT_EQ(stats().broken, 0u);
  EXPECT_EQ(door_->records().size(), 1u) << "of the reply";
}

TEST_F(FrontDoorStreamTest, AClientThatHasGoneIsNoticedWithTheNextPiece) {
  start();
  {
    Client one = follow(3);
    one.finish();
  }
  service_.wake_parked();
  EXPECT_TRUE(eventually([&] { return stats().open_connections == 0; }));
}

TEST_F(FrontDoorStreamTest, TheKernelHoldsLittleForAClientThatTakesNothing) {
  start();
  const Client idle = follow_idly();
  const SocketCensus census = door_->state().census;
  ASSERT_EQ(census.sockets.size(), 1u);
  EXPECT_GE(census.sockets[0].send_bytes, static_cast<uint64_t>(Connection::kStreamUnsentBytesMax) / 2);
  EXPECT_LE(census.sockets[0].send_bytes, static_cast<uint64_t>(Connection::kStreamUnsentBytesMax) * 4)
      << "the last piece handed to the kernel, and what is on its way, come on top";
}

TEST_F(FrontDoorStreamTest, AClientThatTakesNothingHoldsUpNoStop) {
  start();
  Client idle = follow_idly();
  EXPECT_EQ(door_->stop(60'000), 0u);
  EXPECT_EQ(stats().send_timeouts, 0u) << "it has not been waited for";
}

TEST_F(FrontDoorStreamTest, AClientThatBeginsToTakeItAgainGetsTheRest) {
  options_.workers = 1;
  start();
  Client idle = follow_idly();
  EXPECT_EQ(client().ask("echo quick"), "quick") << "it holds no worker";
  EXPECT_EQ(idle.read_line(), std::string(16u << 20, '~'));
  EXPECT_TRUE(eventually([&] { return service_.parked() == 1; }));
}

}  // namespace
}  // namespace ms::net
