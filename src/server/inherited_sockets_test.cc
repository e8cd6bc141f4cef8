#include "server/inherited_sockets.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <string>
#include <utility>

namespace ms::server {
namespace {

class InheritedSocketsTest : public testing::Test {
 protected:
  static void set(const std::string& pid, const char* count) {
    setenv("LISTEN_PID", pid.c_str(), 1);
    setenv("LISTEN_FDS", count, 1);
    setenv("LISTEN_FDNAMES", "a", 1);
  }
  static std::string own_pid() { return std::to_string(getpid()); }
};

TEST_F(InheritedSocketsTest, WithoutTheVariablesThereAreNone) {
  const auto sockets = take_inherited_sockets();
  ASSERT_TRUE(sockets.has_value());
  EXPECT_TRUE(sockets->empty());
}

TEST_F(InheritedSocketsTest, WhatIsMeantForAnotherProcessIsLeftToIt) {
  for (const char* count : {"1", "all"}) {
    set(std::to_string(getppid()), count);
    const auto sockets = take_inherited_sockets();
    ASSERT_TRUE(sockets.has_value()) << sockets.error().message;
    EXPECT_TRUE(sockets->empty());
  }
}

TEST_F(InheritedSocketsTest, WhatIsEmptyIsNotSet) {
  for (const auto& [pid, count] : {std::pair(std::string(), "1"), std::pair(own_pid(), "")}) {
    set(pid, count);
    const auto sockets = take_inherited_sockets();
    ASSERT_TRUE(sockets.has_value()) << sockets.error().message;
    EXPECT_TRUE(sockets->empty());
  }
}

TEST_F(InheritedSocketsTest, TheVariablesAreNotHandedOn) {
  for (const std::string& pid : {own_pid(), std::string("x")}) {
    set(pid, "0");
    (void)take_inherited_sockets();
    for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) EXPECT_EQ(getenv(name), nullptr) << name;
  }
}

TEST_F(InheritedSocketsTest, WhatIsNoNumberIsNamed) {
  struct Case {
    std::string pid;
    const char* count;
    std::string message;
  };
  for (const Case& c : {
           Case{"me", "1", "LISTEN_PID=\"me\" is not a number"},
           Case{own_pid(), "one", "LISTEN_FDS=\"one\" is not a number"},
           Case{own_pid(), "-1", "LISTEN_FDS=\"-1\" is not a number"},
           Case{own_pid(), "1 ", "LISTEN_FDS=\"1 \" is not a number"},
           Case{own_pid(), "99999999999", "LISTEN_FDS=99999999999 is more than a process can have"},
       }) {
    set(c.pid, c.count);
    const auto sockets = take_inherited_sockets();
    ASSERT_FALSE(sockets.has_value()) << c.message;
    EXPECT_EQ(sockets.error().code, ErrorCode::kInvalid);
    EXPECT_EQ(sockets.error().message, c.message);
  }
}

}  // namespace
}  // namespace ms::server
