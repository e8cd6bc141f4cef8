// What the server says where the machine is not as it should be: docs/troubleshooting.md quotes these messages, so that
// who searches for one finds what to do. Each is provoked for real.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "support/child_process.h"
#include "support/http_client.h"
#include "support/query_client.h"
#include "support/server_process.h"
#include "support/temp_dir.h"
#include "support/wait.h"

namespace ms::test {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

constexpr uid_t kStranger = 54321;  // owns nothing

// A server that a launcher (setpriv, unshare) may start in its place.
Command serve_command(std::vector<std::string> launcher, const std::vector<std::string>& flags) {
  Command command{.arguments = std::move(launcher)};
  command.arguments.insert(command.arguments.end(), {server_path(), "serve"});
  command.arguments.insert(command.arguments.end(), flags.begin(), flags.end());
  return command;
}

// The log of a server that cannot start, and ends with status 1.
std::string log_of_failed_start(const Command& command) {
  ChildProcess process(command);
  const std::optional<ExitStatus> exit = process.wait_exit(seconds(20));
  EXPECT_TRUE(exit && exit->code == 1) << process.errors();
  return process.errors();
}

// The log of a server that starts, up to where it is ready.
std::string log_of_start(const Command& command) {
  ChildProcess process(command);
  const bool ready = wait_until(
      seconds(20), [&] { return process.errors().find("msg=ready") != std::string::npos || !process.is_running(); });
  EXPECT_TRUE(ready && process.is_running()) << process.errors();
  return process.errors();
}

TEST(Troubleshooting, APortInUseIsNamedWithTheWayToItsHolder) {
  ServerProcess first;
  ASSERT_TRUE(first.start());
  const TempDir files;
  const std::string address = first.endpoint().text();
  EXPECT_THAT(
      log_of_failed_start(serve_command({}, {"--listen", address, "--data-dir", files.file("data")})),
      HasSubstr("msg=\"cannot start\" reason=\"listen on " + address +
                ": Address already in use; another process listens there, and `ss -ltnp` names it: stop it, or choose "
                "another port\""));
}

TEST(Troubleshooting, AnAddressOfAnotherMachineIsToldApart) {
  const TempDir files;
  EXPECT_THAT(log_of_failed_start(serve_command({}, {"--listen", "192.0.2.1:0", "--data-dir", files.file("data")})),
              HasSubstr("listen on 192.0.2.1:0: Cannot assign requested address; no interface of this machine has that "
                        "address: `ip address` lists those that there are"));
}

// Directories that belong to root, and a server that runs as somebody else.
class AsAStranger : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root can start a program as another user";
    // Each test's folder is its owner's alone.
    std::filesystem::permissions(files_.path(), std::filesystem::perms(0755));
    for (const std::string& folder : {data_dir_, data_dir_ + "/wal"}) std::filesystem::create_directory(folder);
    ChildProcess probe({.arguments = as_the_stranger({"/bin/ls", data_dir_})});
    const std::optional<ExitStatus> exit = probe.wait_exit(seconds(20));
    if (!exit || exit->code != 0) GTEST_SKIP() << "no other user can see " << data_dir_ << ": " << probe.errors();
  }

  static std::vector<std::string> as_the_stranger(const std::vector<std::string>& arguments) {
    const std::string id = std::to_string(kStranger);
    // ThreadSanitizer's options name a file of the source tree, which may be nobody else's to read.
    std::vector<std::string> all = {"/usr/bin/env",  "--unset=TSAN_OPTIONS", "/usr/bin/setpriv",
                                    "--reuid=" + id, "--regid=" + id,        "--clear-groups"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return all;
  }

  std::string log_of_failed_start_in(const std::string& data_dir) const {
    return log_of_failed_start(serve_command(as_the_stranger({}), {"--listen", "127.0.0.1:0", "--data-dir", data_dir}));
  }

  static std::string told_of(const std::string& path) {
    return "Permission denied; " + path + " belongs to uid 0 (root), and this process runs as uid " +
           std::to_string(kStranger) + ": run it as the owner, or give it a directory of its own (mkdir, chown -R)";
  }

  TempDir files_;
  const std::string data_dir_ = files_.file("data");
};

TEST_F(AsAStranger, ADirectoryOfAnotherUserIsNamedWithBothUsers) {
  EXPECT_THAT(log_of_failed_start_in(data_dir_),
              HasSubstr("lock the data directory: open lock " + data_dir_ + "/lock: " + told_of(data_dir_)));
}

TEST_F(AsAStranger, AFileOfAnotherUserInADirectoryOfItsOwnIsNamed) {
  const std::string segment = data_dir_ + "/wal/00000001.wal";
  write_whole_file(segment, "");
  ASSERT_EQ(chown(data_dir_.c_str(), kStranger, kStranger), 0);
  EXPECT_THAT(log_of_failed_start_in(data_dir_),
              HasSubstr("open the store: open " + segment + ": " + told_of(segment)));
}

TEST_F(AsAStranger, ADirectoryOfItsOwnThatItMayNotWriteIsNotCalledAnothers) {
  ASSERT_EQ(chown(data_dir_.c_str(), kStranger, kStranger), 0);
  ASSERT_EQ(chmod(data_dir_.c_str(), 0500), 0);
  const std::string log = log_of_failed_start_in(data_dir_);
  EXPECT_THAT(log, HasSubstr("open lock " + data_dir_ + "/lock: Permission denied"));
  EXPECT_THAT(log, Not(HasSubstr("belongs to")));
}

TEST_F(AsAStranger, AFolderInWhichTheDirectoryCannotBeMadeIsNamed) {
  EXPECT_THAT(log_of_failed_start_in(data_dir_ + "/below"),
              HasSubstr("make directory " + data_dir_ + "/below: " + told_of(data_dir_)));
}

TEST(Troubleshooting, TooFewDescriptorsEndTheStartAndFewAreWarnedOf) {
  const TempDir files;
  Command command = serve_command({}, {"--listen", "127.0.0.1:0", "--data-dir", files.file("data")});
  command.descriptors_max = 100;
  EXPECT_THAT(
      log_of_failed_start(command),
      HasSubstr("msg=\"cannot start\" reason=\"the descriptor limit of 100 is too low; raise it to at least 130 "
                "(ulimit -n, LimitNOFILE=)\""));
  command.descriptors_max = 1000;
  EXPECT_THAT(log_of_start(command),
              HasSubstr("level=warn msg=\"the descriptor limit is low for a server; raise it (ulimit -n, "
                        "LimitNOFILE=)\" descriptors=1000 max_connections=744"));
}

// A network namespace has a net.core.somaxconn of its own.
TEST(Troubleshooting, AShortListenQueueIsWarnedOf) {
  const std::vector<std::string> launcher = {"/usr/bin/unshare",
                                             "--net",
                                             "/bin/sh",
                                             "-c",
                                             "echo 128 >/proc/sys/net/core/somaxconn || exit 77; exec \"$@\"",
                                             "sh"};
  std::vector<std::string> probe = launcher;
  probe.emplace_back("/bin/true");
  ChildProcess permitted({.arguments = probe});
  const std::optional<ExitStatus> exit = permitted.wait_exit(seconds(20));
  if (!exit || exit->code != 0) GTEST_SKIP() << "no network namespace is permitted here: " << permitted.errors();

  const TempDir files;
  const std::vector<std::string> flags = {"--listen", "0.0.0.0:0", "--data-dir", files.file("data")};
  EXPECT_THAT(
      log_of_start(serve_command(launcher, flags)),
      HasSubstr("level=warn msg=\"net.core.somaxconn keeps the listen queue short, and bursts of connections will "
                "overflow it; raise it\" somaxconn=128 command=\"sysctl -w net.core.somaxconn=4096\""));
  std::vector<std::string> with_backlog = flags;
  with_backlog.insert(with_backlog.end(), {"--backlog", "512"});
  EXPECT_THAT(log_of_start(serve_command(launcher, with_backlog)),
              HasSubstr("level=warn msg=\"the kernel grants a shorter listen queue than --backlog asks for; raise "
                        "net.core.somaxconn\" backlog=512 somaxconn=128"));
}

std::string write_at(int64_t timestamp_ms) {
  return json_write_text(R"({"name":"clock","value":1,"timestamp":)" + std::to_string(timestamp_ms) + "}");
}

// To the server a sender whose clock is a day ahead, and a clock of its own that has gone back by a day, are the same.
TEST(Troubleshooting, SamplesAheadOfTheClockAreKeptAndTheNextStartWarnsOfThem) {
  ServerProcess server;
  ASSERT_TRUE(server.start());
  EXPECT_THAT(server.log(), testing::Not(HasSubstr("dated ahead")));
  const int64_t ahead_ms = wall_ms() + 24 * 3600 * 1000;
  const ClientResult<HttpReply> reply = fetch(server.endpoint(), write_at(ahead_ms));
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->status, 200) << reply->body;
  const auto now = run_query(server.endpoint(), "/api/v1/query?query=clock");
  ASSERT_TRUE(now) << now.error();
  EXPECT_TRUE(now->series.empty()) << "a query for now shows what is dated ahead";
  const auto then = run_query(server.endpoint(), instant_target("clock", std::to_string(ahead_ms / 1000 + 1)));
  ASSERT_TRUE(then) << then.error();
  EXPECT_EQ(then->series.size(), 1u);

  server.signal(SIGTERM);
  ASSERT_TRUE(server.wait_exit(seconds(20)));
  ASSERT_TRUE(server.start());
  EXPECT_THAT(
      server.log(),
      HasSubstr("level=warn msg=\"samples are dated ahead of this machine's clock: it is behind, or a sender's was "
                "ahead; compare them with `timedatectl`\" newest=" +
                format_utc(ahead_ms) + " clock="));
}

TEST(Troubleshooting, SamplesBeyondMaxFutureAreRejectedWithTheLatestAcceptedAndAWordOnClocks) {
  ServerProcess server({.flags = {"--max-future", "1h"}});
  ASSERT_TRUE(server.start());
  const int64_t ahead_ms = wall_ms() + 2 * 3600 * 1000;
  const ClientResult<HttpReply> reply = fetch(server.endpoint(), write_at(ahead_ms));
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->status, 400);
  EXPECT_THAT(reply->body,
              ContainsRegex("timestamp " + std::to_string(ahead_ms) +
                            " is later than 20.*Z, the latest accepted; compare the sender's clock with the "
                            "server's"));
}

}  // namespace
}  // namespace ms::test
