#include "net/waiting_peers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "net/client_testing.h"

namespace ms::net {
namespace {

using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAreArray;

// A listener that nobody accepts from, and who has connected to it.
class WaitingPeersTest : public testing::Test {
 protected:
  static Listener listen(const char* address) {
    auto listener = Listener::open(address, 128);
    EXPECT_TRUE(listener.has_value());
    return std::move(*listener);
  }

  void connect(size_t count, const Listener& listener) {
    for (size_t i = 0; i < count; ++i) clients_.emplace_back(listener);
    EXPECT_TRUE(eventually([&] { return listener.queue_depth() >= count; }));
  }

  std::vector<Endpoint> clients() const {
    std::vector<Endpoint> endpoints;
    for (const Client& client : clients_) endpoints.push_back(client.endpoint());
    return endpoints;
  }

  static WaitingPeers::Sighting look_at(const Listener& listener) {
    WaitingPeers waiting(listener);
    waiting.look(monotonic_ns());
    return waiting.last();
  }

  std::vector<Client> clients_;
};

TEST_F(WaitingPeersTest, AreThoseThatHaveConnectedAndNobodyHasAccepted) {
  const Listener listener = listen("127.0.0.1:0");
  EXPECT_EQ(look_at(listener).seen_ns, 0u);
  connect(3, listener);
  const WaitingPeers::Sighting seen = look_at(listener);
  EXPECT_EQ(seen.total, 3u);
  EXPECT_THAT(seen.peers, UnorderedElementsAreArray(clients()));
  EXPECT_GT(seen.seen_ns, 0u);
}

TEST_F(WaitingPeersTest, AnAcceptedOneWaitsNoMore) {
  const Listener listener = listen("127.0.0.1:0");
  connect(2, listener);
  const Descriptor accepted(accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC));
  const WaitingPeers::Sighting seen = look_at(listener);
  ASSERT_THAT(seen.peers, SizeIs(1));
  EXPECT_NE(seen.peers.front(), Endpoint::peer_of(accepted.get()));
}

TEST_F(WaitingPeersTest, OneWhoHasSentItsFinStillWaits) {
  const Listener listener = listen("127.0.0.1:0");
  connect(1, listener);
  clients_.front().finish();
  EXPECT_THAT(look_at(listener).peers, UnorderedElementsAreArray(clients()));
}

TEST_F(WaitingPeersTest, OnlyTheFirstAreNamedAndAllAreCounted) {
  const Listener listener = listen("127.0.0.1:0");
  connect(100, listener);
  const WaitingPeers::Sighting seen = look_at(listener);
  EXPECT_EQ(seen.total, 100u);
  EXPECT_THAT(seen.peers, SizeIs(WaitingPeers::kPeersMax));
}

TEST_F(WaitingPeersTest, OfAnotherPortOrAddressAreNotOurs) {
  const Listener ours = listen("127.0.0.1:0");
  const Listener other_port = listen("127.0.0.1:0");
  const std::string same_port = "127.0.0.2:" + std::to_string(ours.endpoint().port);
  const Listener other_address = listen(same_port.c_str());
  connect(1, other_port);
  connect(1, other_address);
  EXPECT_THAT(look_at(ours).peers, IsEmpty());
}

TEST_F(WaitingPeersTest, OfEveryAddressAreOursWhicheverTheyConnectedTo) {
  const Listener listener = listen(":0");
  connect(2, listener);
  const WaitingPeers::Sighting seen = look_at(listener);
  EXPECT_EQ(seen.total, 2u);
  EXPECT_THAT(seen.peers, UnorderedElementsAreArray(clients()));
}

TEST_F(WaitingPeersTest, TheLastOnesSeenStayOnRecordAndLooksAreFewAndFarBetween) {
  const Listener listener = listen("127.0.0.1:0");
  WaitingPeers waiting(listener);
  connect(1, listener);
  constexpr uint64_t kBeginNs = 5 * kNanosPerSecond;
  waiting.look(kBeginNs);
  connect(1, listener);
  waiting.look(kBeginNs + WaitingPeers::kLookEveryNs - 1);
  EXPECT_EQ(waiting.last().total, 1u);
  constexpr uint64_t kLongNs = WaitingPeers::interval_ns(kNanosPerSecond);
  waiting.look(kBeginNs + kLongNs);
  EXPECT_EQ(waiting.last().total, 2u);
  for (int i = 0; i < 2; ++i) Descriptor(accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC)).reset();
  waiting.look(kBeginNs + 2 * kLongNs);
  EXPECT_EQ(waiting.last().total, 2u);
  EXPECT_EQ(waiting.last().seen_ns, kBeginNs + kLongNs);
}

uint64_t ten_more_milliseconds() {
  static uint64_t spent_ns = 0;
  return spent_ns += 10 * kNanosPerMilli;
}

TEST_F(WaitingPeersTest, AreLookedAtTheMoreSeldomTheMoreALookCosts) {
  const Listener listener = listen("127.0.0.1:0");
  WaitingPeers waiting(listener, ten_more_milliseconds);
  connect(1, listener);
  constexpr uint64_t kBeginNs = 5 * kNanosPerSecond;
  waiting.look(kBeginNs);
  connect(1, listener);
  waiting.look(kBeginNs + 2 * kNanosPerSecond - 1);
  EXPECT_EQ(waiting.last().total, 1u);
  waiting.look(kBeginNs + 2 * kNanosPerSecond);
  EXPECT_EQ(waiting.last().total, 2u);
}

TEST(WaitingPeersInterval, AtMostFiveLooksASecondAndATwoHundredthOfACpu) {
  EXPECT_EQ(WaitingPeers::interval_ns(0), 200 * kNanosPerMilli);
  EXPECT_EQ(WaitingPeers::interval_ns(kNanosPerMilli), 200 * kNanosPerMilli);
  EXPECT_EQ(WaitingPeers::interval_ns(10 * kNanosPerMilli), 2 * kNanosPerSecond);
}

}  // namespace
}  // namespace ms::net
