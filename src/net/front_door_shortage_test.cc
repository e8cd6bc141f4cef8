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
};

TEST_P(FrontDoorShortageTest, WhoComesWithoutADescriptorForHimReadsTheRefusal) {
  start();
  std::vector<Client> late(3 * DescriptorReserve::kCount);
  {
    const DescriptorShortage shortage;
    for (Client& one : late) {
      one.connect(door_->listeners().front());
      one.send("echo " + std::string(1024, 'x') + "\n");
    }
    for (Client& one : late) {
      EXPECT_EQ(one.read_all(), fin("refused\n"));
      one.finish();  // the descriptor stays: the server's own closes make the room
    }
  }
  EXPECT_EQ(stats().refused_descriptors, 3 * DescriptorReserve::kCount);
  EXPECT_EQ(client().ask("echo served"), "served");
}

TEST_P(FrontDoorShortageTest, WhoDoesNotLeaveMakesTheRestWaitButNotTheLoopSpin) {
  start();
  std::vector<Client> guests(2 * DescriptorReserve::kCount + 1);
  const uint64_t begin_ns = monotonic_ns();
  {
    const DescriptorShortage shortage;
    for (Client& one : guests) {
      one.connect(door_->listeners().front());
      one.send("echo 1\n");
    }
    ASSERT_TRUE(eventually([&] { return stats().refused_descriptors == guests.size(); }));
  }
  // Twice in a row for each 100 ms, and for each guest that makes room by being closed.
  const uint64_t elapsed_ms = (monotonic_ns() - begin_ns) / kNanosPerMilli;
  EXPECT_GE(elapsed_ms, 2 * Refuser::kLingerMs) << "the reserve was used up twice";
  EXPECT_LE(pauses(), 2 * (elapsed_ms / 100 + 1 + guests.size()));
  EXPECT_GE(pauses(), 2u);
  for (Client& one : guests) EXPECT_EQ(one.read_all(), fin("refused\n"));
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
  for (Client& one : guests) EXPECT_EQ(one.read_all(), fin("refused\n"));
}

INSTANTIATE_TEST_SUITE_P(Architectures, FrontDoorShortageTest,
                         testing::Values(Architecture::kPool, Architecture::kInline),
                         [](const auto& name) { return std::string(architecture_name(name.param)); });

}  // namespace
}  // namespace ms::net
