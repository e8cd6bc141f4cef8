#include "net/refuser.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "net/client_testing.h"

namespace ms::net {
namespace {

constexpr std::string_view kRefusal = "refused\n";
constexpr uint64_t kLingerNs = Refuser::kLingerMs * kNanosPerMilli;

class RefuserTest : public testing::Test {
 protected:
  struct Pair {
    Client client;
    Descriptor server;
  };

  Pair connect() {
    Client client(listener_);
    Descriptor server(accept4(listener_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    EXPECT_TRUE(server);
    return {std::move(client), std::move(server)};
  }

  std::unique_ptr<Refuser> open(size_t share = 16) { return std::move(*Refuser::open(kRefusal, share, *room_)); }

  // Whether the server's end is open: bytes for one that is closed are answered by a reset.
  static bool is_open(Client& client) {
    client.send("x");
    return client.send("x") && client.read_all().end == Client::End::kFin;
  }

  std::unique_ptr<RoomSignal> room_ = std::move(*RoomSignal::open());
  Listener listener_ = std::move(*Listener::open("127.0.0.1:0", 16));
};

const Client::Reading kRefused{std::string(kRefusal), Client::End::kFin};
const Client::Reading kGoodbye{"", Client::End::kFin};

TEST_F(RefuserTest, TheRefusalIsReadWholeThoughTheRequestIsUnread) {
  const auto refuser = open();
  for (int i = 0; i < 100; ++i) {
    Pair pair = connect();
    pair.client.send(std::string(64 * 1024, 'x'));
    refuser->refuse(std::move(pair.server));
    pair.client.send("more");
    EXPECT_EQ(pair.client.read_all(), kRefused);
  }
}

TEST_F(RefuserTest, LingeringSendsNothingButTheEnd) {
  const auto refuser = open();
  Pair pair = connect();
  pair.client.send(std::string(64 * 1024, 'x'));
  refuser->linger(std::move(pair.server));
  EXPECT_EQ(pair.client.read_all(), kGoodbye);
}

TEST_F(RefuserTest, WhoClosesIsLetGo) {
  const auto refuser = open();
  Pair early = connect();
  early.client.finish();
  refuser->refuse(std::move(early.server));
  EXPECT_EQ(early.client.read_all(), kRefused);
  Pair late = connect();
  refuser->refuse(std::move(late.server));
  EXPECT_EQ(late.client.read_all(), kRefused);
  late.client.finish();
  EXPECT_TRUE(eventually([&] { return refuser->held() == 0; }));
  EXPECT_EQ(refuser->evictions(), 0u);
}

TEST_F(RefuserTest, AGuestThatKeepsSendingIsClosedAfterASecond) {
  const auto refuser = open();
  Pair pair = connect();
  const uint64_t begin_ns = monotonic_ns();
  refuser->refuse(std::move(pair.server));
  const std::string much(64 * 1024, 'x');
  while (pair.client.send(much)) ASSERT_LT(monotonic_ns() - begin_ns, 30 * kNanosPerSecond);
  EXPECT_GE(monotonic_ns() - begin_ns, kLingerNs);
  EXPECT_TRUE(eventually([&] { return refuser->held() == 0; }));
}

TEST_F(RefuserTest, EachGuestHasAWholeSecondWhoeverLeftBefore) {
  const auto refuser = open();
  {
    Pair first = connect();
    refuser->refuse(std::move(first.server));
    EXPECT_EQ(first.client.read_all(), kRefused);
  }
  ASSERT_TRUE(eventually([&] { return refuser->held() == 0; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));  // the second's time ends well after the first's
  Pair second = connect();
  const uint64_t begin_ns = monotonic_ns();
  refuser->refuse(std::move(second.server));
  refuser->wait_until_empty();
  EXPECT_GE(monotonic_ns() - begin_ns, kLingerNs);
}

TEST_F(RefuserTest, AnExhaustedShareClosesTheOldest) {
  const auto refuser = open(2);
  const uint64_t begin_ns = monotonic_ns();
  Pair oldest = connect();
  Pair second = connect();
  Pair newest = connect();
  refuser->refuse(std::move(oldest.server));
  ASSERT_EQ(oldest.client.read_all(), kRefused);
  refuser->refuse(std::move(second.server));
  refuser->refuse(std::move(newest.server));
  ASSERT_TRUE(eventually([&] { return refuser->evictions() == 1; }));
  EXPECT_FALSE(is_open(oldest.client));
  EXPECT_EQ(second.client.read_all(), kRefused);
  EXPECT_EQ(newest.client.read_all(), kRefused);
  const bool are_open = is_open(second.client) && is_open(newest.client);
  const bool is_their_second_over = monotonic_ns() - begin_ns >= kLingerNs;
  EXPECT_TRUE(are_open || is_their_second_over);
  EXPECT_EQ(refuser->evictions(), 1u);
}

TEST_F(RefuserTest, WaitingUntilEmptyWaitsForEveryGuest) {
  const auto refuser = open();
  refuser->wait_until_empty();
  std::vector<Pair> pairs;
  for (int i = 0; i < 5; ++i) {
    pairs.push_back(connect());
    refuser->linger(std::move(pairs.back().server));
  }
  for (Pair& pair : pairs) EXPECT_EQ(pair.client.read_all(), kGoodbye);
  pairs.clear();
  refuser->wait_until_empty();
  EXPECT_EQ(refuser->held(), 0u);
}

TEST_F(RefuserTest, ItsEndClosesWhatIsLeft) {
  auto refuser = open();
  Pair pair = connect();
  refuser->refuse(std::move(pair.server));
  EXPECT_EQ(pair.client.read_all(), kRefused);
  refuser.reset();
  EXPECT_FALSE(is_open(pair.client));
}

// The noisy client's bytes come from before the quiet one is handed over until it has been closed.
TEST_F(RefuserTest, AtAStopQuietClientsAreClosedEarlier) {
  const auto refuser = open();
  refuser->hurry();
  Pair quiet = connect();
  Pair noisy = connect();
  std::atomic<bool> is_over = false;
  refuser->linger(std::move(noisy.server));
  std::jthread noise([&] {
    while (!is_over && noisy.client.send("x")) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  });
  refuser->linger(std::move(quiet.server));
  EXPECT_TRUE(eventually([&] { return refuser->held() == 1; }));
  is_over = true;
  noise.join();
  EXPECT_EQ(quiet.client.read_all(), kGoodbye);
  EXPECT_EQ(noisy.client.read_all(), kGoodbye);
  refuser->wait_until_empty();
}

}  // namespace
}  // namespace ms::net
