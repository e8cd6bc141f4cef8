// ChildProcess: a program that a test starts, watches and ends.
//
// Its stdout and stderr go to files, so that it never blocks on a reader and everything it said is there afterwards. It
// dies with the test: by the destructor, and by PR_SET_PDEATHSIG where the test itself crashes. That signal is tied to
// the *thread* that starts the child, so start children from the test's main thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "support/temp_dir.h"

namespace ms::test {

struct ExitStatus {
  int code = -1;   // -1 where a signal ended it
  int signal = 0;  // 0 where it exited
};

struct Command {
  std::vector<std::string> arguments = {};    // the program's path first
  std::vector<std::string> environment = {};  // "NAME=value", on top of the test's own less its METRICSTREAM_*
  std::string input_path = "/dev/null";       // what it reads as stdin
  std::vector<int> sockets = {};              // handed over as sd_listen_fds(3) says: LISTEN_FDS, LISTEN_PID
  size_t descriptors_max = 0;                 // its limit, soft and hard (ulimit -n); 0: the test's own
};

class ChildProcess {
 public:
  // Starts it. A program that cannot be executed exits with 127 and says why on stderr.
  explicit ChildProcess(const Command& command);
  // Kills it where it still runs.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  // Empty where it still runs after `timeout`.
  std::optional<ExitStatus> wait_exit(std::chrono::milliseconds timeout);
  bool is_running() { return !wait_exit(std::chrono::milliseconds(0)); }

  // What it has written so far.
  std::string output() const;
  std::string errors() const;

 private:
  TempDir files_;
  pid_t pid_ = -1;
  std::optional<ExitStatus> exit_;
};

std::string read_whole_file(const std::string& path);
void write_whole_file(const std::string& path, const std::string& content);

}  // namespace ms::test
