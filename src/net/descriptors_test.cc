#include "net/descriptors.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <future>

#include "base/clock.h"
#include "net/descriptor_shortage_testing.h"

namespace ms::net {
namespace {

Descriptor open_any() { return Descriptor(open("/dev/null", O_RDONLY | O_CLOEXEC)); }

TEST(DescriptorReserveTest, WhatItGivesUpIsThereForTheNext) {
  DescriptorReserve reserve;
  const DescriptorShortage shortage;
  EXPECT_FALSE(open_any());
  std::vector<Descriptor> taken;
  while (reserve.give_up_one()) {
    taken.push_back(open_any());
    EXPECT_TRUE(taken.back());
    EXPECT_FALSE(open_any());
  }
  EXPECT_EQ(taken.size(), DescriptorReserve::kCount);
}

TEST(DescriptorReserveTest, ItTakesBackWhatItCan) {
  DescriptorReserve reserve;
  const DescriptorShortage shortage;
  ASSERT_TRUE(reserve.give_up_one());
  ASSERT_TRUE(reserve.give_up_one());
  const Descriptor taken = open_any();
  reserve.refill();
  EXPECT_FALSE(open_any());
  size_t count = 0;
  while (reserve.give_up_one()) ++count;
  EXPECT_EQ(count, DescriptorReserve::kCount - 1);
}

class RoomSignalTest : public testing::Test {
 protected:
  static constexpr int kLongMs = 60'000;

  std::unique_ptr<RoomSignal> room_ = std::move(*RoomSignal::open());
};

TEST_F(RoomSignalTest, ANotificationEndsTheWait) {
  room_->await();
  auto notified = std::async(std::launch::async, [this] { room_->notify(); });
  room_->wait(-1, kLongMs);
  EXPECT_FALSE(room_->is_awaited());
}

TEST_F(RoomSignalTest, ANotificationBetweenTheLookAndTheWaitIsNotMissed) {
  room_->await();
  room_->notify();
  EXPECT_FALSE(room_->is_awaited());
  room_->wait(-1, kLongMs);
}

TEST_F(RoomSignalTest, WhatWasNotAwaitedIsNotHeard) {
  room_->notify();
  room_->await();
  room_->notify();
  room_->await();
  const uint64_t begin_ns = monotonic_ns();
  room_->wait(-1, 20);
  EXPECT_GE(monotonic_ns() - begin_ns, 20 * kNanosPerMilli);
}

TEST_F(RoomSignalTest, TheOtherDescriptorEndsTheWaitToo) {
  const Descriptor other(eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC));
  room_->await();
  room_->wait(other.get(), kLongMs);
}

}  // namespace
}  // namespace ms::net
