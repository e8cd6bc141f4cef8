// ServerUnderTest: a server that a benchmark starts as a process of its own, on a free port of loopback and a temporary
// directory, and ends by its process id.
//
// Confined to one thread. It dies with the thread that started it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "base/error.h"

namespace ms::bench {

class ServerUnderTest {
 public:
  // Runs `program serve` with `flags`, and waits until it is ready; at most 10 s.
  static Result<ServerUnderTest> start(const std::string& program, const std::vector<std::string>& flags);

  ServerUnderTest(ServerUnderTest&& other) noexcept;
  ServerUnderTest& operator=(ServerUnderTest&&) = delete;
  // Ends it, and removes its directory.
  ~ServerUnderTest();

  uint16_t port() const { return port_; }
  // User and system time that it has spent, in the kernel's ticks of 10 ms.
  uint64_t cpu_ns() const;

 private:
  ServerUnderTest(pid_t pid, std::string directory) : pid_(pid), directory_(std::move(directory)) {}
  // Reads its log until it says that it is ready.
  Result<void> await_ready();

  pid_t pid_ = -1;
  std::string directory_;
  uint16_t port_ = 0;
};

}  // namespace ms::bench
