// ServiceManager: tells systemd, or whoever else set NOTIFY_SOCKET, how the server is: the protocol of sd_notify(3).
// Without such a variable it tells nobody.
//
// Thread-safe.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <string_view>

#include "base/descriptor.h"
#include "base/error.h"

namespace ms::server {

class ServiceManager {
 public:
  // Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, and removes them: they are meant for no child. kInvalid for a
  // socket's name that is none, and a time that is none.
  static Result<ServiceManager> from_environment();

  bool is_there() const { return socket_.get() >= 0; }
  // How often it expects WATCHDOG=1; 0: it does not.
  uint64_t watchdog_us() const { return watchdog_us_; }

  // One or more lines "NAME=value". Waits a second at most where the manager is behind. What cannot be told is lost.
  void tell(std::string_view lines) const;

 private:
  ServiceManager() = default;

  Descriptor socket_;  // -1: nobody to tell
  sockaddr_un address_{};
  socklen_t address_bytes_ = 0;
  uint64_t watchdog_us_ = 0;
};

}  // namespace ms::server
