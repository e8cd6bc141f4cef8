// What the server tells the service manager that started it: the protocol of sd_notify(3), over a datagram socket.

#include <gtest/gtest.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "support/child_process.h"
#include "support/server_process.h"
#include "support/socket.h"
#include "support/temp_dir.h"
#include "support/wait.h"

namespace ms::test {
namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

class NotifySocket {
 public:
  NotifySocket() : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    std::strncpy(address.sun_path, path().c_str(), sizeof address.sun_path - 1);
    EXPECT_EQ(bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }

  std::vector<std::string> environment(const std::string& watchdog_us = "") const {
    std::vector<std::string> variables = {"NOTIFY_SOCKET=" + path()};
    if (!watchdog_us.empty()) variables.push_back("WATCHDOG_USEC=" + watchdog_us);
    return variables;
  }

  // All messages so far.
  const std::vector<std::string>& messages() {
    std::array<char, 1024> buffer;
    while (true) {
      const ssize_t bytes = recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (bytes < 0) return messages_;
      messages_.emplace_back(buffer.data(), static_cast<size_t>(bytes));
    }
  }
  // Waits for a message with `part` in it at or behind `from`; its place.
  std::optional<size_t> wait_for(const std::string& part, size_t from = 0) {
    std::optional<size_t> found;
    wait_until(seconds(30), [&] {
      const std::vector<std::string>& all = messages();
      for (size_t i = from; i < all.size() && !found; ++i) {
        if (contains(all[i], part)) found = i;
      }
      return found.has_value();
    });
    return found;
  }
  size_t count(const std::string& message) { return static_cast<size_t>(std::ranges::count(messages(), message)); }

 private:
  std::string path() const { return files_.file("notify"); }

  TempDir files_;
  Descriptor socket_;
  std::vector<std::string> messages_;
};

TEST(ServiceManager, IsToldOfTheStartTheReloadAndTheStop) {
  NotifySocket manager;
  const TempDir files;
  write_whole_file(files.file("settings.toml"), "");
  ServerProcess server({.flags = {"--config", files.file("settings.toml")}, .environment = manager.environment()});
  ASSERT_TRUE(server.start());
  const auto started = manager.wait_for("EXTEND_TIMEOUT_USEC=30000000");
  const auto ready = manager.wait_for("READY=1");
  ASSERT_TRUE(started && ready);
  EXPECT_LT(*started, *ready);
  EXPECT_TRUE(contains(manager.messages()[*ready], "STATUS=Serving on " + server.endpoint().text()))
      << manager.messages()[*ready];

  server.signal(SIGHUP);
  const auto reloading = manager.wait_for("RELOADING=1\nMONOTONIC_USEC=", *ready + 1);
  ASSERT_TRUE(reloading);
  const auto again = manager.wait_for("READY=1", *reloading + 1);
  ASSERT_TRUE(again);

  server.signal(SIGTERM);
  const auto stopping = manager.wait_for("STOPPING=1", *again + 1);
  ASSERT_TRUE(stopping);
  EXPECT_TRUE(contains(manager.messages()[*stopping], "EXTEND_TIMEOUT_USEC=20000000"));
  ASSERT_TRUE(server.wait_exit(seconds(30)));
  EXPECT_EQ(manager.count("WATCHDOG=1"), 0u) << "there is no watchdog";
}

// While another server has the data directory.
TEST(ServiceManager, IsAskedForMoreTimeUntilTheStoreIsOpen) {
  ServerProcess first;
  ASSERT_TRUE(first.start());
  NotifySocket manager;
  ChildProcess second({.arguments = {server_path(), "serve", "--listen", "127.0.0.1:0", "--data-dir", first.data_dir(),
                                     "--lock-timeout", "1m"},
                       .environment = manager.environment()});
  const auto once = manager.wait_for("EXTEND_TIMEOUT_USEC=");
  ASSERT_TRUE(once);
  ASSERT_TRUE(manager.wait_for("EXTEND_TIMEOUT_USEC=", *once + 1));
  first.signal(SIGTERM);
  ASSERT_TRUE(first.wait_exit(seconds(30)));
  EXPECT_TRUE(manager.wait_for("READY=1")) << second.errors();
}

TEST(ServiceManager, HearsFromTheWatchdogWhileTheFrontDoorIsAlive) {
  NotifySocket manager;
  ServerProcess server({.environment = manager.environment("1000000")});
  ASSERT_TRUE(server.start());
  EXPECT_TRUE(wait_until(seconds(30), [&] { return manager.count("WATCHDOG=1") >= 3; }));
}

// The number of the server's thread of that name.
pid_t find_thread(pid_t pid, const std::string& name) {
  for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
    if (read_whole_file(task.path() / "comm") != name + "\n") continue;
    const std::string number = task.path().filename();
    pid_t thread = 0;
    std::from_chars(number.data(), number.data() + number.size(), thread);
    return thread;
  }
  return 0;
}

TEST(ServiceManager, HearsNothingWhileTheAcceptLoopStandsStill) {
  NotifySocket manager;
  ServerProcess server({.environment = manager.environment("2000000")});
  ASSERT_TRUE(server.start());
  const pid_t thread = find_thread(server.pid(), "accept");
  ASSERT_GT(thread, 0);
  if (ptrace(PTRACE_SEIZE, thread, nullptr, nullptr) != 0) GTEST_SKIP() << "ptrace: " << strerror(errno);
  ASSERT_EQ(ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr), 0);
  ASSERT_EQ(waitpid(thread, nullptr, __WALL), thread);

  const Descriptor waiting = start_connect(server.endpoint());
  const auto stands_still = [&] { return contains(server.log(), "part=\"accept loop\""); };
  EXPECT_TRUE(wait_until(seconds(30), stands_still)) << server.log();
  const size_t told = manager.count("WATCHDOG=1");
  // Three looks long.
  EXPECT_FALSE(wait_until(seconds(3), [&] { return manager.count("WATCHDOG=1") > told; }));

  ASSERT_EQ(ptrace(PTRACE_DETACH, thread, nullptr, nullptr), 0);
  EXPECT_TRUE(wait_until(seconds(30), [&] { return contains(server.log(), "the front door goes on"); }));
  EXPECT_TRUE(wait_until(seconds(30), [&] { return manager.count("WATCHDOG=1") > told; }));
}

}  // namespace
}  // namespace ms::test
