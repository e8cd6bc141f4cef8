#include "load/listener_check.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/thread.h"
#include "load/network_namespace.h"

namespace ms::load {
namespace {

Result<void> connect_once(const Target& target, uint64_t timeout_ns) {
  const Descriptor socket(::socket(target.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return fail_errno("socket", errno);
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&target.address), target.size) == 0) return {};
  if (errno != EINPROGRESS) return fail_errno("connect", errno);
  pollfd awaited{.fd = socket.get(), .events = POLLOUT, .revents = 0};
  const uint64_t timeout_ms = std::min<uint64_t>(timeout_ns / kNanosPerMilli, INT_MAX);
  if (poll(&awaited, 1, static_cast<int>(timeout_ms)) == 0) return fail_errno("connect", ETIMEDOUT);
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return fail_errno("connect", error);
  return {};
}

}  // namespace

// On a thread of its own, since it is threads that enter a network namespace, and they do not leave it.
Result<void> check_listener(const Target& target, const std::string& network_namespace, uint64_t timeout_ns) {
  Result<void> found;
  Thread thread("listener-check", [&] {
    found = enter_network_namespace(network_namespace);
    if (found) found = connect_once(target, timeout_ns);
  });
  thread.join();
  return found;
}

}  // namespace ms::load
