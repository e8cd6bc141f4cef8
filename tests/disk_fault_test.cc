// A disk that fails under the real server: strace makes one of its system calls on the log fail, from outside.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "base/long_run_testing.h"
#include "support/child_process.h"
#include "support/http_client.h"
#include "support/load_writer.h"
#include "support/seed.h"
#include "support/server_process.h"
#include "support/temp_dir.h"
#include "support/wait.h"

namespace ms::test {
namespace {

using testing::HasSubstr;

constexpr const char* kStrace = "/usr/bin/strace";
constexpr uint32_t kWriters = 4;
constexpr seconds kTimeout{60};  // generous: a slow disk under a sanitizer

// A system call that fails once in each thread that calls it: at its `nth` call on a file of the data directory.
struct Fault {
  std::string call;
  std::string file;
  std::string error;   // "EIO"
  std::string reason;  // as strerror(3) has it
  int nth = 1;

  friend void PrintTo(const Fault& fault, std::ostream* out) {
    *out << fault.call << ' ' << fault.nth << " on " << fault.file << ": " << fault.error;
  }
};

class DiskFault : public testing::Test {
 protected:
  void SetUp() override {
    const char* ci = std::getenv("CI");
    if (access(kStrace, X_OK) != 0) {
      if (ci != nullptr && std::string(ci) == "true") FAIL() << kStrace << " is missing";
      GTEST_SKIP() << kStrace << " is missing: `./dev test` installs it";
    }
    ChildProcess traced({.arguments = {kStrace, "-f", "-o", "/dev/null", "/bin/true"}});
    const std::optional<ExitStatus> exit = traced.wait_exit(kTimeout);
    if (!exit || exit->code != 0) GTEST_SKIP() << "strace may not trace here: " << traced.errors();
  }

  ServerOptions healthy_server() const { return {.flags = {"--shutdown-timeout", "5s"}, .data_dir = data_dir()}; }

  // Traced by a grandchild (-D), so that the server stays our child; other calls run at full speed (--seccomp-bpf). A
  // leak sanitizer cannot work on a traced process.
  ServerOptions server_with(const Fault& fault) const {
    ServerOptions options = healthy_server();
    options.launcher = {kStrace,
                        "-D",
                        "-f",
                        "--seccomp-bpf",
                        "-qq",
                        "-E",
                        "LSAN_OPTIONS=detect_leaks=0",
                        "-o",
                        trace(),
                        "-P",
                        data_dir() + "/" + fault.file,
                        "-e",
                        "trace=" + fault.call,
                        "-e",
                        "inject=" + fault.call + ":error=" + fault.error + ":when=" + std::to_string(fault.nth)};
    return options;
  }

  bool has_happened() const { return read_whole_file(trace()).find("(INJECTED)") != std::string::npos; }

  // Whether a server without a fault starts on what the last one left, and has what was acknowledged.
  testing::AssertionResult has_all(const LoadWriters& load) const {
    ServerProcess server(healthy_server());
    if (testing::AssertionResult started = server.start(); !started) return started;
    const ClientResult<HttpReply> health = get(server.endpoint(), "/health");
    if (!health || health->body != R"({"status":"ok"})") {
      return testing::AssertionFailure() << "/health says " << (health ? health->body : health.error().message);
    }
    return load.check(server.endpoint());
  }

  // Runs the load against a server with the fault until `is_enough`, and stops the server in good order.
  template <class Condition>
  void run_under(const Fault& fault, LoadWriters& load, Condition is_enough) {
    ServerProcess server(server_with(fault));
    ASSERT_TRUE(server.start());
    load.start(server.endpoint());
    EXPECT_TRUE(wait_until(kTimeout, [&] { return has_happened(); })) << "the fault did not happen";
    EXPECT_TRUE(wait_until(kTimeout, [&] { return is_enough(server); }));
    server.signal(SIGTERM);
    const std::optional<ExitStatus> exit = server.wait_exit(kTimeout);
    if (!exit) server.signal(SIGKILL);
    load.join();
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->code, 0);
    uint64_t refusals = 0;
    for (const auto& writer : load.writers()) {
      refusals += writer->account().refusals;
      for (const std::string& reply : writer->account().bad_replies) ADD_FAILURE() << reply;
    }
    EXPECT_GT(refusals, 0u) << "what could not be written is answered 503";
  }

  std::string data_dir() const { return files_.file("data"); }
  std::string trace() const { return files_.file("trace"); }

 private:
  TempDir files_;
};

ClientResult<HttpReply> write_sample(const ServerProcess& server) {
  return fetch(server.endpoint(), json_write_text(R"({"name":"probe","value":1})"));
}

class FaultOfTheLog : public DiskFault, public testing::WithParamInterface<Fault> {};
std::string name_of(const testing::TestParamInfo<Fault>& info) {
  const Fault& fault = info.param;
  std::string name = fault.call + "_" + fault.file + "_" + fault.error + "_" + std::to_string(fault.nth);
  std::erase_if(name, [](char c) { return c == '/' || c == '.'; });
  return name;
}

void expect_failing(const ServerProcess& server, const Fault& fault) {
  const ClientResult<HttpReply> write = write_sample(server);
  EXPECT_TRUE(write && write->status == 503) << "the first write behind the fault";
  const ClientResult<HttpReply> health = get(server.endpoint(), "/health");
  ASSERT_TRUE(health) << health.error().message;
  EXPECT_EQ(health->status, 503);
  EXPECT_THAT(health->body, HasSubstr(fault.file + ": " + fault.reason));
}

// What failed may be lost, and the next success would not tell: nothing is acknowledged any more, until a restart.
using LastingFault = FaultOfTheLog;

TEST_P(LastingFault, NothingIsAcknowledgedUntilARestartAndNothingAcknowledgedIsLost) {
  LoadWriters load(kWriters, test_seed());
  ASSERT_NO_FATAL_FAILURE(run_under(GetParam(), load, [&](const ServerProcess& server) {
    expect_failing(server, GetParam());
    return true;
  }));
  EXPECT_TRUE(has_all(load));
}

// Nothing of the log is in doubt: what comes later is taken again.
using PassingFault = FaultOfTheLog;

TEST_P(PassingFault, WritesAreTakenAgainAndNothingAcknowledgedIsLost) {
  LoadWriters load(kWriters, test_seed());
  ASSERT_NO_FATAL_FAILURE(run_under(GetParam(), load, [&](const ServerProcess& server) {
    const ClientResult<HttpReply> write = write_sample(server);
    const ClientResult<HttpReply> health = get(server.endpoint(), "/health");
    return write && write->status == 200 && health && health->status == 200;
  }));
  EXPECT_TRUE(has_all(load));
}

// A start that cannot read the log, or make it durable, ends, and leaves the log as it was.
using FaultAtStart = FaultOfTheLog;

TEST_P(FaultAtStart, TheServerSaysWhyItDoesNotStartAndTheNextOneHasAll) {
  LoadWriters load(kWriters, test_seed());
  {
    ServerProcess server(healthy_server());
    ASSERT_TRUE(server.start());
    load.start(server.endpoint());
    const bool is_loaded = load.wait_acknowledged(50, kTimeout);
    server.signal(SIGKILL);
    load.join();
    ASSERT_TRUE(is_loaded);
    ASSERT_TRUE(server.wait_exit(kTimeout));
  }
  ServerProcess server(server_with(GetParam()));
  EXPECT_FALSE(server.start());
  EXPECT_TRUE(has_happened());
  const std::optional<ExitStatus> exit = server.wait_exit(kTimeout);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 1);
  EXPECT_THAT(server.log(), HasSubstr(GetParam().file + ": " + GetParam().reason));
  EXPECT_TRUE(has_all(load));
}

const std::string kLog = "wal/00000001.wal";
const std::string kInTheMaking = "wal/prepare.tmp";
const std::string kIoReason = "Input/output error";
const std::string kSpaceReason = "No space left on device";

std::vector<Fault> at_several_calls(const std::vector<Fault>& faults) {
  std::vector<Fault> all;
  for (const int nth : ordinary_or_long(std::vector{5}, {2, 3, 4, 5, 9, 17, 33, 65})) {
    for (Fault fault : faults) {
      fault.nth = nth;
      all.push_back(std::move(fault));
    }
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Log, LastingFault,
                         testing::ValuesIn(at_several_calls({{"fdatasync", kLog, "EIO", kIoReason},
                                                             {"fdatasync", kLog, "ENOSPC", kSpaceReason},
                                                             {"pwrite64", kLog, "EIO", kIoReason}})),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Log, PassingFault,
                         testing::ValuesIn(at_several_calls({{"pwrite64", kLog, "ENOSPC", kSpaceReason}})), name_of);
INSTANTIATE_TEST_SUITE_P(NextSegment, PassingFault,
                         testing::Values(Fault{"pwrite64", kInTheMaking, "ENOSPC", kSpaceReason},
                                         Fault{"fdatasync", kInTheMaking, "EIO", kIoReason},
                                         Fault{"rename", kInTheMaking, "EIO", kIoReason},
                                         Fault{"openat", kLog, "EIO", kIoReason}),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Log, FaultAtStart,
                         testing::Values(Fault{"openat", kLog, "EIO", kIoReason},
                                         Fault{"pread64", kLog, "EIO", kIoReason},
                                         Fault{"pwrite64", kLog, "ENOSPC", kSpaceReason},
                                         Fault{"fdatasync", kLog, "EIO", kIoReason},
                                         Fault{"fsync", "wal", "EIO", kIoReason}),
                         name_of);

}  // namespace
}  // namespace ms::test
