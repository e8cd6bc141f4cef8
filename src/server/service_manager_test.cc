#include "server/service_manager.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <string>

namespace ms::server {
namespace {

// The variables as a manager sets them; nothing is left of them for the next test.
class ServiceManagerTest : public testing::Test {
 protected:
  ~ServiceManagerTest() override {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) unsetenv(name);
    if (!path_.empty()) unlink(path_.c_str());
  }

  // A manager's socket; `name` begins with "/" or "@".
  void listen(const std::string& name) {
    if (name[0] == '/') path_ = name;
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    socket_ = Descriptor(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), bytes), 0) << strerror(errno);
    setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  std::string receive() const {
    std::array<char, 512> buffer;
    const ssize_t bytes = recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    return bytes < 0 ? strerror(errno) : std::string(buffer.data(), static_cast<size_t>(bytes));
  }
  static std::string unique() { return "metricstream-manager-" + std::to_string(getpid()); }

  Descriptor socket_;
  std::string path_;
};

TEST_F(ServiceManagerTest, WithoutASocketNobodyIsTold) {
  setenv("WATCHDOG_USEC", "30000000", 1);
  const auto manager = ServiceManager::from_environment();
  ASSERT_TRUE(manager) << manager.error().message;
  EXPECT_FALSE(manager->is_there());
  EXPECT_EQ(manager->watchdog_us(), 0u);
  manager->tell("READY=1");
}

TEST_F(ServiceManagerTest, PathsAndAbstractNamesAreTold) {
  for (const std::string& name : {testing::TempDir() + unique(), "@" + unique()}) {
    SCOPED_TRACE(name);
    ASSERT_NO_FATAL_FAILURE(listen(name));
    const auto manager = ServiceManager::from_environment();
    ASSERT_TRUE(manager) << manager.error().message;
    manager->tell("READY=1\nSTATUS=Serving");
    EXPECT_EQ(receive(), "READY=1\nSTATUS=Serving");
    EXPECT_EQ(getenv("NOTIFY_SOCKET"), nullptr);
  }
}

TEST_F(ServiceManagerTest, AManagerThatIsGoneIsNoMatter) {
  ASSERT_NO_FATAL_FAILURE(listen("@" + unique()));
  const auto manager = ServiceManager::from_environment();
  ASSERT_TRUE(manager);
  socket_.reset();
  manager->tell("READY=1");
}

TEST_F(ServiceManagerTest, TheWatchdogIsThatOfThisProcess) {
  struct Case {
    const char* usec;
    std::string pid;
    uint64_t watchdog_us;
  };
  for (const Case& c : {
           Case{"30000000", std::to_string(getpid()), 30'000'000},
           Case{"30000000", "", 30'000'000},
           Case{"30000000", "1", 0},
           Case{"", std::to_string(getpid()), 0},
       }) {
    setenv("NOTIFY_SOCKET", "@nobody", 1);
    setenv("WATCHDOG_USEC", c.usec, 1);
    setenv("WATCHDOG_PID", c.pid.c_str(), 1);
    const auto manager = ServiceManager::from_environment();
    ASSERT_TRUE(manager) << manager.error().message;
    EXPECT_EQ(manager->watchdog_us(), c.watchdog_us) << c.usec << " " << c.pid;
    EXPECT_EQ(getenv("WATCHDOG_USEC"), nullptr);
  }
}

TEST_F(ServiceManagerTest, WhatIsWrongIsNamed) {
  struct Case {
    const char* name;
    const char* value;
  };
  for (const Case& c : {
           Case{"NOTIFY_SOCKET", "relative/path"},
           Case{"NOTIFY_SOCKET", "vsock:2:1234"},
           Case{"WATCHDOG_USEC", "soon"},
           Case{"WATCHDOG_PID", "me"},
       }) {
    setenv("NOTIFY_SOCKET", "@nobody", 1);
    setenv("WATCHDOG_USEC", "1000000", 1);
    setenv(c.name, c.value, 1);
    const auto manager = ServiceManager::from_environment();
    ASSERT_FALSE(manager) << c.value;
    EXPECT_EQ(manager.error().message.find(std::string(c.name) + "=\"" + c.value + "\""), 0u)
        << manager.error().message;
  }
}

}  // namespace
}  // namespace ms::server
