#include "server/resources.h"

#include <gtest/gtest.h>

#include <optional>

namespace ms::server {
namespace {

TEST(CgroupLimitTest, IsANumberOfBytesOrNone) {
  struct Case {
    const char* text;
    std::optional<uint64_t> limit;
  };
  for (const Case& c : {
           Case{"536870912\n", 536870912},
           Case{"536870912", 536870912},
           Case{"1", 1},
           Case{"max\n", std::nullopt},
           Case{"9223372036854771712\n", std::nullopt},  // version 1's "no limit"
           Case{"18446744073709551615", std::nullopt},
           Case{"18446744073709551616", std::nullopt},
           Case{"0", std::nullopt},
           Case{"-1", std::nullopt},
           Case{"", std::nullopt},
           Case{"\n", std::nullopt},
           Case{"512M", std::nullopt},
           Case{"512 1024", std::nullopt},
       }) {
    EXPECT_EQ(parse_cgroup_limit(c.text), c.limit) << c.text;
  }
}

TEST(ResourcesTest, ThisMachineHasMemoryAndCores) {
  EXPECT_GT(usable_memory_bytes(), 1u << 20);
  EXPECT_GE(usable_cores(), 1u);
}

}  // namespace
}  // namespace ms::server
