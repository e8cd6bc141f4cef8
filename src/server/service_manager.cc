#include "server/service_manager.h"

#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <utility>

#include "server/environment.h"

namespace ms::server {
namespace {

constexpr timeval kSendTimeout = {.tv_sec = 1, .tv_usec = 0};

// 0 where there is no watchdog, or it watches another process.
Result<uint64_t> read_watchdog(const std::string& usec, const std::string& pid) {
  if (usec.empty()) return 0;
  if (!pid.empty()) {
    const auto watched = parse_number("WATCHDOG_PID", pid);
    if (!watched) return watched;
    if (*watched != static_cast<uint64_t>(getpid())) return 0;
  }
  return parse_number("WATCHDOG_USEC", usec);
}

}  // namespace

Result<ServiceManager> ServiceManager::from_environment() {
  const std::string name = take_variable("NOTIFY_SOCKET");
  const std::string usec = take_variable("WATCHDOG_USEC");
  const std::string pid = take_variable("WATCHDOG_PID");
  ServiceManager manager;
  if (name.empty()) return manager;
  sockaddr_un& address = manager.address_;
  if ((name[0] != '/' && name[0] != '@') || name.size() >= sizeof address.sun_path) {
    return fail(ErrorCode::kInvalid, "NOTIFY_SOCKET=\"" + name + "\" is neither a path nor an abstract name (@...)");
  }
  const auto watchdog_us = read_watchdog(usec, pid);
  if (!watchdog_us) return std::unexpected(watchdog_us.error());
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name.data(), name.size());
  if (name[0] == '@') address.sun_path[0] = '\0';
  manager.address_bytes_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  manager.watchdog_us_ = *watchdog_us;
  manager.socket_ = Descriptor(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!manager.socket_) return fail_errno("socket for NOTIFY_SOCKET", errno);
  setsockopt(manager.socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &kSendTimeout, sizeof kSendTimeout);
  return manager;
}

void ServiceManager::tell(std::string_view lines) const {
  if (!is_there()) return;
  // A manager that is gone, or has no room for a second, misses it: nobody here can do anything about that.
  [[maybe_unused]] const ssize_t sent = sendto(socket_.get(), lines.data(), lines.size(), MSG_NOSIGNAL,
                                               reinterpret_cast<const sockaddr*>(&address_), address_bytes_);
}

}  // namespace ms::server
