#include "server/inherited_sockets.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>

#include "net/descriptors.h"
#include "server/environment.h"

namespace ms::server {
namespace {

constexpr int kFirstDescriptor = 3;  // SD_LISTEN_FDS_START

// 0 where it is not set.
Result<uint64_t> take_number(const char* name) {
  const std::string text = take_variable(name);
  return text.empty() ? 0 : parse_number(name, text);
}

}  // namespace

Result<std::vector<Descriptor>> take_inherited_sockets() {
  const auto pid = take_number("LISTEN_PID");
  const auto count = take_number("LISTEN_FDS");
  take_variable("LISTEN_FDNAMES");
  if (!pid) return std::unexpected(pid.error());
  std::vector<Descriptor> sockets;
  if (*pid != static_cast<uint64_t>(getpid())) return sockets;
  if (!count) return std::unexpected(count.error());
  if (*count > net::kDescriptorsMax) {
    return fail(ErrorCode::kInvalid, "LISTEN_FDS=" + std::to_string(*count) + " is more than a process can have");
  }
  for (uint64_t i = 0; i < *count; ++i) {
    const int fd = kFirstDescriptor + static_cast<int>(i);
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
      return fail_errno("LISTEN_FDS=" + std::to_string(*count) + ": descriptor " + std::to_string(fd), errno);
    }
    sockets.emplace_back(fd);
  }
  return sockets;
}

}  // namespace ms::server
