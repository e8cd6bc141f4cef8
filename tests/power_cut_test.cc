// A power cut under load: the server on a file system of its own is stopped where it stands, and another one is started
// on what the disk has at that instant.

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include "base/long_run_testing.h"
#include "support/child_process.h"
#include "support/http_client.h"
#include "support/load_writer.h"
#include "support/loop_disk.h"
#include "support/seed.h"
#include "support/server_process.h"
#include "support/wait.h"

namespace ms::test {
namespace {

constexpr uint64_t kDiskBytes = 256u << 20;
constexpr uint32_t kWriters = 8;
constexpr seconds kLoadTimeout{60};

// Whether every thread of the process stands still: a system call that was under way is over by then.
bool is_stopped(pid_t pid) {
  std::error_code error;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task", error)) {
    const std::string stat = read_whole_file(thread.path().string() + "/stat");
    if (stat.find(") T ") == std::string::npos) return false;
  }
  return !error;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

class PowerCut : public testing::Test {
 protected:
  // Skips where there can be no such disk.
  void make_disk() {
    LoopDisk::Made made = LoopDisk::make(kDiskBytes);
    if (!made) GTEST_SKIP() << "needs an ext4 file system, mounted by loop: " << made.error();
    disk_ = *std::move(made);
  }

  ServerOptions options(const std::string& wal_sync) const {
    return {.flags = {"--wal-sync", wal_sync, "--min-free-disk", "1MiB"}, .data_dir = disk_->path() + "/data"};
  }

  // Lets a server acknowledge this many requests, and cuts the power.
  void run_until_power_cut(const std::string& wal_sync, LoadWriters& load, uint64_t requests) {
    ServerProcess server(options(wal_sync));
    ASSERT_TRUE(server.start());
    load.start(server.endpoint());
    const bool is_loaded = load.wait_acknowledged(requests, kLoadTimeout);
    server.signal(SIGSTOP);
    const bool is_still = wait_until(seconds(20), [&] { return is_stopped(server.pid()); });
    LoopDisk::Made after = disk_->cut_power();
    server.signal(SIGKILL);
    load.join();
    ASSERT_TRUE(server.wait_exit(seconds(20)));
    ASSERT_TRUE(is_loaded);
    ASSERT_TRUE(is_still);
    ASSERT_TRUE(after) << after.error();
    disk_ = *std::move(after);
  }

  // Whether a server on the disk has all that was acknowledged.
  testing::AssertionResult has_all(const std::string& wal_sync, const LoadWriters& load) {
    ServerProcess server(options(wal_sync));
    if (testing::AssertionResult started = server.start(); !started) return started;
    const ClientResult<HttpReply> health = get(server.endpoint(), "/health");
    if (!health || health->body != R"({"status":"ok"})") {
      return testing::AssertionFailure() << "/health says " << (health ? health->body : health.error().message);
    }
    return load.check(server.endpoint());
  }

  static size_t count_acknowledged(const LoadWriters& load) {
    size_t samples = 0;
    for (const auto& writer : load.writers()) samples += writer->owed().count_acknowledged();
    return samples;
  }

  std::unique_ptr<LoopDisk> disk_;
};

TEST_F(PowerCut, EverythingAcknowledgedIsThereAfterwards) {
  const int disks = ordinary_or_long(1, 4);
  const int lives = ordinary_or_long(2, 5);
  const uint64_t seed = test_seed();
  std::mt19937_64 random(seed);
  for (int i = 0; i < disks; ++i) {
    make_disk();
    if (IsSkipped()) return;
    LoadWriters load(kWriters, random());
    for (int life = 0; life < lives; ++life) {
      SCOPED_TRACE("disk " + std::to_string(i) + " life " + std::to_string(life));
      ASSERT_NO_FATAL_FAILURE(run_until_power_cut("always", load, 300 + random() % 1500));
      ASSERT_TRUE(has_all("always", load));
    }
    std::printf("%zu samples acknowledged\n", count_acknowledged(load));
  }
}

// The control: where nobody waits for the disk, the same loses what was acknowledged since the last sync of each
// second. A cut right behind such a sync may lose nothing, hence the attempts.
TEST_F(PowerCut, WithoutWaitingForTheDiskItLosesSamples) {
  constexpr int kAttempts = 5;
  const uint64_t seed = test_seed();
  std::mt19937_64 random(seed);
  make_disk();
  if (IsSkipped()) return;
  LoadWriters load(kWriters, seed);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    ASSERT_NO_FATAL_FAILURE(run_until_power_cut("os", load, 300 + random() % 1500));
    const testing::AssertionResult kept = has_all("os", load);
    if (kept) continue;
    const std::string message = kept.message();
    EXPECT_TRUE(contains(message, "was acknowledged and is lost") || contains(message, "that is not the last"))
        << message;
    return;
  }
  FAIL() << kAttempts << " power cuts lost nothing: this test does not cut the power";
}

}  // namespace
}  // namespace ms::test
