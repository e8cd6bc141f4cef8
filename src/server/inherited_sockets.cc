#include "server/inherited_sockets.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <string>

namespace ms::server {
namespace {

constexpr int kFirstDescriptor = 3;  // SD_LISTEN_FDS_START

// The number in a variable; 0 where it is not set.
Result<int> read_variable(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr) return 0;
  int number = 0;
  const char* end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, number);
  if (error != std::errc() || stop != end || number < 0) {
    return fail(ErrorCode::kInvalid, std::string(name) + "=\"" + text + "\" is not a number");
  }
  return number;
}

}  // namespace

Result<std::vector<Descriptor>> take_inherited_sockets() {
  const auto pid = read_variable("LISTEN_PID");
  const auto count = read_variable("LISTEN_FDS");
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) unsetenv(name);
  if (!pid) return std::unexpected(pid.error());
  std::vector<Descriptor> sockets;
  if (*pid != getpid()) return sockets;
  if (!count) return std::unexpected(count.error());
  for (int i = 0; i < *count; ++i) {
    const int fd = kFirstDescriptor + i;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
      return fail_errno("LISTEN_FDS=" + std::to_string(*count) + ": descriptor " + std::to_string(fd), errno);
    }
    sockets.emplace_back(fd);
  }
  return sockets;
}

}  // namespace ms::server
