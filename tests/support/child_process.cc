#include "support/child_process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string_view>

#include "base/descriptor.h"
#include "support/wait.h"

namespace ms::test {
namespace {

std::vector<std::string> child_environment(const std::vector<std::string>& added) {
  std::vector<std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!std::string_view(*entry).starts_with("METRICSTREAM_")) variables.emplace_back(*entry);
  }
  variables.insert(variables.end(), added.begin(), added.end());
  return variables;
}

std::vector<char*> c_strings(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& text : strings) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

constexpr int kFirstSocket = 3;
constexpr size_t kPidDigitsMax = 10;

// Copies that are out of the way of those that they become in the child.
std::vector<Descriptor> copy_high(const std::vector<int>& sockets) {
  std::vector<Descriptor> copies;
  const int lowest = kFirstSocket + static_cast<int>(sockets.size());
  for (const int socket : sockets) copies.emplace_back(fcntl(socket, F_DUPFD_CLOEXEC, lowest));
  return copies;
}

void limit_descriptors(size_t count) {
  const rlimit limit{.rlim_cur = count, .rlim_max = count};
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) _exit(127);
}

void open_as(int descriptor, const char* path, int flags) {
  const int opened = open(path, flags, 0644);
  if (opened < 0 || dup2(opened, descriptor) < 0) _exit(127);
  close(opened);
}

}  // namespace

ChildProcess::ChildProcess(const Command& command) {
  std::vector<std::string> arguments = command.arguments;
  std::vector<std::string> environment = child_environment(command.environment);
  const std::vector<Descriptor> sockets = copy_high(command.sockets);
  const std::string pid_name = "LISTEN_PID=";
  if (!sockets.empty()) {
    environment.push_back("LISTEN_FDS=" + std::to_string(sockets.size()));
    environment.push_back(pid_name + std::string(kPidDigitsMax, '\0'));  // the child writes its own
  }
  const std::vector<char*> argv = c_strings(arguments);
  const std::vector<char*> envp = c_strings(environment);
  const std::string output_path = files_.file("stdout");
  const std::string errors_path = files_.file("stderr");
  const pid_t parent = getpid();

  pid_ = fork();
  if (pid_ < 0) std::abort();  // no test can go on without
  if (pid_ > 0) return;
  // In the child, of a process that may have threads: only async-signal-safe calls up to the exec.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  if (command.descriptors_max != 0) limit_descriptors(command.descriptors_max);
  open_as(STDIN_FILENO, command.input_path.c_str(), O_RDONLY);
  open_as(STDOUT_FILENO, output_path.c_str(), O_WRONLY | O_CREAT | O_APPEND);
  open_as(STDERR_FILENO, errors_path.c_str(), O_WRONLY | O_CREAT | O_APPEND);
  int next = kFirstSocket;
  for (const Descriptor& socket : sockets) dup2(socket.get(), next++);
  if (!sockets.empty()) {
    char* const pid_text = environment.back().data() + pid_name.size();
    std::to_chars(pid_text, pid_text + kPidDigitsMax, getpid());
  }
  close_range(static_cast<unsigned>(next), ~0u, 0);
  execve(argv[0], argv.data(), envp.data());
  const char* reason = strerror(errno);
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, reason, strlen(reason));
  _exit(127);
}

ChildProcess::~ChildProcess() {
  if (exit_) return;
  signal(SIGKILL);
  wait_exit(seconds(10));
}

void ChildProcess::signal(int number) const {
  if (!exit_) kill(pid_, number);
}

std::optional<ExitStatus> ChildProcess::wait_exit(std::chrono::milliseconds timeout) {
  wait_until(timeout, [this] {
    int status = 0;
    if (!exit_ && waitpid(pid_, &status, WNOHANG) == pid_) {
      exit_ = WIFEXITED(status) ? ExitStatus{.code = WEXITSTATUS(status)} : ExitStatus{.signal = WTERMSIG(status)};
    }
    return exit_.has_value();
  });
  return exit_;
}

std::string ChildProcess::output() const { return read_whole_file(files_.file("stdout")); }

std::string ChildProcess::errors() const { return read_whole_file(files_.file("stderr")); }

std::string read_whole_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream content;
  content << in.rdbuf();
  return std::move(content).str();
}

void write_whole_file(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

}  // namespace ms::test
