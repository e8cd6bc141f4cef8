// ServerProcess: the server under test, as a process of its own on a data directory of its own.
//
//     ServerProcess server({.flags = {"--workers", "4"}});
//     ASSERT_TRUE(server.start());                    // started, and ready by its own word
//     server.signal(SIGKILL);
//     ASSERT_TRUE(server.wait_exit(seconds(10)));
//     ASSERT_TRUE(server.start());                    // again on the same directory
//
// Where a test has failed, its destructor prints the end of what the server logged. MS_ARCHITECTURE in the environment
// of the tests is the server's --architecture: so the same tests run against both.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/child_process.h"
#include "support/endpoint.h"
#include "support/temp_dir.h"
#include "support/wait.h"

namespace ms::test {

struct ServerOptions {
  std::vector<std::string> flags = {};  // besides --listen and --data-dir
  std::vector<std::string> listen = {"127.0.0.1:0"};
  std::vector<int> sockets = {};              // handed over, in the place of addresses to listen on
  size_t descriptors_max = 0;                 // its limit; 0: the test's own
  std::vector<std::string> environment = {};  // "NAME=value"
  std::string data_dir = {};                  // where not one of its own
  std::vector<std::string> launcher = {};     // a program and its arguments that executes the server in its place
};

// Flags of a server that refuses nobody for having waited: for tests in which only what they ask may be refused,
// however busy the machine is.
inline const std::vector<std::string> kPatientServer = {"--queue-target", "10m", "--queue-deadline", "10m"};

class ServerProcess {
 public:
  explicit ServerProcess(ServerOptions options = {})
      : options_(std::move(options)), data_dir_(options_.data_dir.empty() ? files_.file("data") : options_.data_dir) {}
  ~ServerProcess();

  // Starts it and waits until all its addresses listen and GET /ready says 200. Not before an earlier run has ended.
  testing::AssertionResult start();
  void signal(int number) const { process_->signal(number); }
  std::optional<ExitStatus> wait_exit(milliseconds timeout) { return process_->wait_exit(timeout); }

  // Of the present or last run.
  const Endpoint& endpoint() const { return endpoints_.front(); }
  const std::vector<Endpoint>& endpoints() const { return endpoints_; }
  pid_t pid() const { return process_->pid(); }
  std::string log() const { return process_->errors(); }

  // The sockets that it has open: its listeners, and one for each connection.
  size_t open_sockets() const;
  const std::string& data_dir() const { return data_dir_; }
  const ServerOptions& options() const { return options_; }

 private:
  bool has_ended() { return !process_->is_running(); }

  ServerOptions options_;
  TempDir files_;
  std::string data_dir_;
  std::vector<Endpoint> endpoints_;
  std::unique_ptr<ChildProcess> process_;
};

// The path of the program, for tests that start it in their own way.
std::string server_path();

// The addresses in the logfmt lines `msg=listening address=...`, in order.
std::vector<Endpoint> find_listening_addresses(const std::string& log);

}  // namespace ms::test
