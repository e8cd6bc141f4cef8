#include "net/batch_size.h"

#include <gtest/gtest.h>

namespace ms::net {
namespace {

TEST(BatchSizeTest, GrowsWhileEventsAreShort) {
  BatchSize size(8);
  EXPECT_EQ(size.events(), 1u);
  for (const size_t expected : {2u, 4u, 8u, 8u}) {
    size.note(size.events(), size.events() * BatchSize::kShortNs - 1);
    EXPECT_EQ(size.events(), expected);
  }
}

TEST(BatchSizeTest, IsOneAgainAfterABatchThatTookLong) {
  BatchSize size(8);
  for (int i = 0; i < 3; ++i) size.note(1, 0);
  ASSERT_EQ(size.events(), 8u);
  size.note(2, 2 * BatchSize::kShortNs);
  EXPECT_EQ(size.events(), 1u);
}

TEST(BatchSizeTest, IsJudgedByWhatWasTakenNotByWhatWasAllowed) {
  BatchSize size(8);
  for (int i = 0; i < 3; ++i) size.note(1, 0);
  size.note(1, 2 * BatchSize::kShortNs);
  EXPECT_EQ(size.events(), 1u);
}

}  // namespace
}  // namespace ms::net
