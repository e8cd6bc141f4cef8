#include "net/sweeper.h"

#include <gtest/gtest.h>

#include "base/clock.h"

namespace ms::net {
namespace {

TEST(SweeperRest, IsATenthOfACoreAndNoLongerThanAWatchdogIsPatient) {
  EXPECT_EQ(Sweeper::rest_ns(0), 0u);
  EXPECT_EQ(Sweeper::rest_ns(kNanosPerMilli), 9 * kNanosPerMilli);
  EXPECT_EQ(Sweeper::rest_ns(100 * kNanosPerMilli), 900 * kNanosPerMilli);
  EXPECT_EQ(Sweeper::rest_ns(3 * kNanosPerSecond), kNanosPerSecond);
}

}  // namespace
}  // namespace ms::net
