#include "queueing/lindley.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ms::queueing {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(WaitsTest, OneServerFollowsLindleysRecursion) {
  EXPECT_THAT(waits_ns(std::vector<uint64_t>{0, 1, 2, 20}, std::vector<uint64_t>{5, 5, 5, 5}, 1),
              ElementsAre(0, 4, 8, 0));
}

TEST(WaitsTest, ServiceTimesMayDiffer) {
  EXPECT_THAT(waits_ns(std::vector<uint64_t>{0, 1, 2}, std::vector<uint64_t>{10, 1, 3}, 1), ElementsAre(0, 9, 9));
}

TEST(WaitsTest, SeveralServersTakeWhoComesAsSoonAsOneIsFree) {
  EXPECT_THAT(waits_ns(std::vector<uint64_t>{0, 0, 0, 0, 4}, std::vector<uint64_t>{10, 3, 3, 1, 1}, 2),
              ElementsAre(0, 0, 3, 6, 3));
}

TEST(WaitsTest, ABurstIsServedInRows) {
  EXPECT_THAT(waits_ns(std::vector<uint64_t>(5, 100), std::vector<uint64_t>(5, 7), 2), ElementsAre(0, 0, 7, 7, 14));
}

TEST(WaitsTest, NobodyWaitsWhereNobodyComes) { EXPECT_THAT(waits_ns({}, {}, 3), IsEmpty()); }

}  // namespace
}  // namespace ms::queueing
