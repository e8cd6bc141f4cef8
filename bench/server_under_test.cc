#include "server_under_test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>
#include <utility>

#include "base/clock.h"

namespace ms::bench {
namespace {

constexpr uint64_t kReadyMsMax = 10'000;

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// In the child: what it says goes to its log.
[[noreturn]] void become(const std::vector<std::string>& command, const std::string& log) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int fd = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(fd, STDOUT_FILENO);
  dup2(fd, STDERR_FILENO);
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  execv(arguments[0], arguments.data());
  _exit(127);
}

}  // namespace

Result<ServerUnderTest> ServerUnderTest::start(const std::string& program, const std::vector<std::string>& flags) {
  std::string directory = (std::filesystem::temp_directory_path() / "metricstream-bench-XXXXXX").string();
  if (mkdtemp(directory.data()) == nullptr) return fail_errno("make a temporary directory", errno);
  std::vector<std::string> command = {program, "serve", "--listen", "127.0.0.1:0", "--data-dir", directory + "/data"};
  command.insert(command.end(), flags.begin(), flags.end());
  const pid_t pid = fork();
  if (pid < 0) return fail_errno("fork", errno);
  if (pid == 0) become(command, directory + "/log");
  ServerUnderTest server(pid, directory);
  if (auto ready = server.await_ready(); !ready) return std::unexpected(std::move(ready).error());
  return server;
}

Result<void> ServerUnderTest::await_ready() {
  const uint64_t begin_ns = monotonic_ns();
  std::string log;
  while (monotonic_ns() - begin_ns < kReadyMsMax * kNanosPerMilli) {
    log = read_file(directory_ + "/log");
    const size_t address = log.find("address=127.0.0.1:");
    if (address != std::string::npos && log.find("msg=ready") != std::string::npos) {
      const char* digits = log.c_str() + address + sizeof("address=127.0.0.1:") - 1;
      std::from_chars(digits, log.c_str() + log.size(), port_);
      return {};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return fail(ErrorCode::kUnavailable, "the server is not ready after 10 s; it said:\n" + log);
}

ServerUnderTest::ServerUnderTest(ServerUnderTest&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), directory_(std::exchange(other.directory_, {})), port_(other.port_) {}

ServerUnderTest::~ServerUnderTest() {
  if (pid_ < 0) return;
  kill(pid_, SIGTERM);
  waitpid(pid_, nullptr, 0);
  std::filesystem::remove_all(directory_);
}

uint64_t ServerUnderTest::cpu_ns() const {
  // proc_pid_stat(5): behind the name in parentheses come the state and 10 numbers, then utime and stime.
  const std::string text = read_file("/proc/" + std::to_string(pid_) + "/stat");
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  uint64_t user_ticks = 0;
  uint64_t system_ticks = 0;
  fields >> user_ticks >> system_ticks;
  return (user_ticks + system_ticks) * (kNanosPerSecond / static_cast<uint64_t>(sysconf(_SC_CLK_TCK)));
}

}  // namespace ms::bench
