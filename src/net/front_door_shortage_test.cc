// Without a descriptor: whoever comes is told, and the accept loop neither spins nor sleeps meanwhile.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "net/descriptor_shortage_testing.h"
#include "net/front_door_testing.h"

namespace ms::net {
namespace {

class FrontDoorShortageTest : public FrontDoorTest, public testing::WithParamInterface<Architecture> {
 protected:
  FrontDoorShortageTest() { options_.architecture = GetParam(); }

  void SetUp() override {
    if (kNeedsDescriptors) GTEST_SKIP() << "the sanitizer needs descriptors of its own";
  }

  uint64_t pauses() { return stats().accept_pauses; }

  // Whether he was refused; else he was served, with `reply`: a file that someone had open for a moment makes room for
  // one more.
  static bool is_refused(Client& client, const std::string& reply) {
    client.finish();  // its own descriptor stays
    const Client::Reading reading = client.read_all();
    EXPECT_TRUE(reading == fin("refused\n") || reading == fin(reply)) << reading;
    return reading.text == "refused\n";
  }
};

TEST_P(FrontDoorShortageTest, WhoComesWithoutADescriptorForHimReadsTheRefusal) {
  start();
  std::vector<Client> late(3 * DescriptorReserve::kCount);
  size_t refused = 0;
  {
    const DescriptorShortage shortage;
    for (Client& one : late) {
      one.connect(door_->listeners().front());
      one.send("echo " + std::string(1024, 'x') + "\n");
    }
    for (Client& one : late) refused += is_refused(one, std::string(1024, 'x') + "\n") ? 1 : 0;
  }
  EXPECT_EQ(stats().refused_descriptors, refused);
  EXPECT_GE(refused, 2 * DescriptorReserve::kCount);
  EXPECT_EQ(client().ask("echo served"), "served");
}

TEST_P(FrontDoorShortageTest, WhoDoesNotLeaveMakesTheRestWaitButNotTheLoopSpin) {
  start();
  std::vector<Client> guests(2 * DescriptorReserve::kCount + 4);
  size_t refused = 0;
  const uint64_t begin_ns = monotonic_ns();
  {
    const DescriptorShortage shortage;
    for (Client& one : guests) {
      one.connect(door_->listeners().front());
      one.send("echo 1\n");
    }
    ASSERT_TRUE(eventually([&] { return stats().accepted == guests.size(); }));
  }
  // Twice in a row for each 100 ms, and for each guest that makes room by being closed.
  const uint64_t elapsed_ms = (monotonic_ns() - begin_ns) / kNanosPerMilli;
  EXPECT_GE(elapsed_ms, 2 * Refuser::kLingerMs) << "the reserve was used up twice";
  EXPECT_LE(pauses(), 2 * (elapsed_ms / 100 + 1 + guests.size()));
  EXPECT_GE(pauses(), 2u);
  for (Client& one : guests) refused += is_refused(one, "1\n") ? 1 : 0;
  EXPECT_GT(refused, 2 * DescriptorReserve::kCount);
}

TEST_P(FrontDoorShortageTest, WhoIsServedMakesRoomForTheNext) {
  start();
  Client served = client();
  Client next(0);
  served.send("echo ser");
  ASSERT_TRUE(eventually([&] { return stats().connections_served == 1; }));
  const DescriptorShortage shortage;
  EXPECT_EQ(served.ask("ved"), "served");
  served.finish();
  EXPECT_EQ(served.read_all(), fin(""));
  ASSERT_TRUE(eventually([&] { return stats().open_connections == 0 && can_open_a_descriptor(); }));
  next.connect(door_->listeners().front());
  EXPECT_EQ(next.ask("echo next"), "next");
}

TEST_P(FrontDoorShortageTest, AStopInAShortageEnds) {
  start();
  std::vector<Client> guests(2 * DescriptorReserve::kCount);
  const DescriptorShortage shortage;
  for (Client& one : guests) one.connect(door_->listeners().front());
  ASSERT_TRUE(eventually([&] { return pauses() > 0; }));
  EXPECT_EQ(door_->stop(60'000), 0u);
  for (Client& one : guests) EXPECT_EQ(one.read_all().end, Client::End::kFin);
}

INSTANTIATE_TEST_SUITE_P(Architectures, FrontDoorShortageTest,
                         testing::Values(Architecture::kPool, Architecture::kInline),
                         [](const auto& name) { return std::string(architecture_name(name.param)); });

}  // namespace
}  // namespace ms::net
