#include "net/socket_keeper.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "net/client_testing.h"
#include "net/listener.h"

namespace ms::net {
namespace {

constexpr uint64_t kPatienceMs = 60'000;
constexpr int kBacklog = 16;

// A server that has ended, and a keeper in a thread of this process.
class SocketKeeperTest : public testing::Test {
 protected:
  void SetUp() override {
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
    reading_ = Descriptor(ends[0]);
    writing_ = Descriptor(ends[1]);
  }
  void TearDown() override {
    writing_.reset();
    if (thread_.joinable()) thread_.join();
  }

  // Its address, which stays bound by the kept socket alone.
  std::string keep(const std::string& address, uint64_t keep_ms) {
    auto listener = Listener::open(address, kBacklog);
    EXPECT_TRUE(listener) << listener.error().message;
    auto kept = offer_socket(Descriptor(dup(listener->fd())));
    EXPECT_TRUE(kept) << kept.error().message;
    kept_.push_back(std::move(*kept));
    clients_.emplace_back(*listener);
    clients_.emplace_back(*listener).send("hello");
    thread_ = std::thread([this, keep_ms] { hand_over(kept_, std::move(reading_), end_, keep_ms); });
    return listener->address();
  }

  void end_predecessor() { writing_.reset(); }

  Descriptor reading_;
  Descriptor writing_;
  Descriptor end_{eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
  std::vector<KeptSocket> kept_;
  std::vector<Client> clients_;  // who connected when nobody accepted any more: one is silent, one is not
  std::thread thread_;
};

TEST_F(SocketKeeperTest, WhatIsKeptIsTheSuccessors) {
  const std::string address = keep("127.0.0.1:0", kPatienceMs);
  end_predecessor();
  const auto successor = Listener::open(address, 2 * kBacklog);
  ASSERT_TRUE(successor) << successor.error().message;
  thread_.join();
  EXPECT_EQ(successor->address(), address);
  EXPECT_FALSE(successor->is_inherited());
  EXPECT_EQ(successor->queue().limit, 2u * kBacklog);
  EXPECT_NE(fcntl(successor->fd(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(fcntl(successor->fd(), F_GETFD) & FD_CLOEXEC, 0);
  const auto third = Listener::open(address, kBacklog);
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, ErrorCode::kLocked);
}

TEST_F(SocketKeeperTest, WhoConnectedMeanwhileIsTheSuccessors) {
  const std::string address = keep("127.0.0.1:0", kPatienceMs);
  end_predecessor();
  const auto successor = Listener::open(address, kBacklog);
  ASSERT_TRUE(successor) << successor.error().message;
  EXPECT_EQ(successor->queue_depth(), clients_.size());
}

TEST_F(SocketKeeperTest, ItIsKeptUntilSomeTimeAfterThePredecessorHasEnded) {
  constexpr uint64_t kKeepMs = 100;
  const std::string address = keep("127.0.0.1:0", kKeepMs);
  const uint64_t begin_ns = monotonic_ns();
  end_predecessor();
  thread_.join();
  EXPECT_GE(monotonic_ns() - begin_ns, kKeepMs * kNanosPerMilli);
  EXPECT_TRUE(kept_.front().socket) << "nobody has asked for it";
  kept_.clear();
  EXPECT_TRUE(Listener::open(address, kBacklog)) << "and then the address is free";
}

TEST_F(SocketKeeperTest, ItEndsEarlierWhereItIsAsked) {
  keep("127.0.0.1:0", kPatienceMs);
  ASSERT_EQ(eventfd_write(end_.get(), 1), 0);
  end_predecessor();
  thread_.join();
  EXPECT_TRUE(kept_.front().socket);
}

TEST_F(SocketKeeperTest, BeforeThePredecessorHasEndedNobodyGetsIt) {
  keep("127.0.0.1:0", kPatienceMs);
  const Endpoint endpoint = Endpoint::local_of(kept_.front().socket.get());
  EXPECT_FALSE(ask_for_socket(endpoint, false, 10)) << "and who has given up does not have it later";
  end_predecessor();
  EXPECT_TRUE(ask_for_socket(endpoint, false, kPatienceMs));
  thread_.join();
  EXPECT_FALSE(kept_.front().socket);
}

TEST_F(SocketKeeperTest, WhoWaitsForNobodyIsToldAndNotReset) {
  const std::string address = keep("127.0.0.1:0", 0);
  end_predecessor();
  thread_.join();
  refuse_waiting(kept_, "refused\n");
  for (Client& client : clients_) EXPECT_EQ(client.read_all(), (Client::Reading{"refused\n", Client::End::kFin}));
  EXPECT_TRUE(Listener::open(address, kBacklog)) << "the address is free";
}

TEST_F(SocketKeeperTest, ControlAClosedSocketResetsWhoWaits) {
  keep("127.0.0.1:0", 0);
  end_predecessor();
  thread_.join();
  kept_.clear();
  for (Client& client : clients_) EXPECT_EQ(client.read_all().end, Client::End::kReset);
}

TEST_F(SocketKeeperTest, ASocketOfBothFamiliesIsNotForWhoWantsIPv6Alone) {
  const std::string address = keep(":0", kPatienceMs);
  const Endpoint endpoint = Endpoint::local_of(kept_.front().socket.get());
  const bool is_both = is_both_families(kept_.front().socket.get());
  end_predecessor();
  EXPECT_FALSE(ask_for_socket(endpoint, !is_both, kPatienceMs));
  EXPECT_TRUE(ask_for_socket(endpoint, is_both, kPatienceMs));
}

TEST_F(SocketKeeperTest, ANameThatIsTakenIsSaid) {
  auto listener = Listener::open("127.0.0.1:0", kBacklog);
  ASSERT_TRUE(listener);
  const auto first = offer_socket(Descriptor(dup(listener->fd())));
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_FALSE(offer_socket(Descriptor(dup(listener->fd()))));
}

TEST_F(SocketKeeperTest, WhereNobodyKeepsItThereIsNone) {
  auto listener = Listener::open("127.0.0.1:0", kBacklog);
  ASSERT_TRUE(listener);
  EXPECT_FALSE(ask_for_socket(listener->endpoint(), false, kPatienceMs));
}

}  // namespace
}  // namespace ms::net
