#include "support/socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <string>

namespace ms::test {
namespace {

// The length of the address, or 0 where `endpoint` has no numeric host.
socklen_t fill_address(const Endpoint& endpoint, sockaddr_storage& storage) {
  auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
  if (inet_pton(AF_INET, endpoint.host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(endpoint.port);
    return sizeof *v4;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (inet_pton(AF_INET6, endpoint.host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(endpoint.port);
    return sizeof *v6;
  }
  return 0;
}

}  // namespace

Descriptor start_connect(const Endpoint& endpoint) {
  sockaddr_storage storage{};
  const socklen_t length = fill_address(endpoint, storage);
  if (length == 0) {
    errno = EINVAL;
    return {};
  }
  Descriptor descriptor(socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!descriptor) return {};
  const int on = 1;
  setsockopt(descriptor.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const int result = connect(descriptor.get(), reinterpret_cast<const sockaddr*>(&storage), length);
  if (result == 0 || errno == EINPROGRESS) return descriptor;
  const int error = errno;
  descriptor.reset();
  errno = error;
  return {};
}

Descriptor listen_on_loopback(int backlog) {
  Descriptor listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  const bool is_bound = bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  if (!is_bound || listen(listener.get(), backlog) != 0) return {};
  return listener;
}

Endpoint local_endpoint(const Descriptor& socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
  std::array<char, INET_ADDRSTRLEN> host{};
  inet_ntop(AF_INET, &address.sin_addr, host.data(), host.size());
  return {.host = host.data(), .port = ntohs(address.sin_port)};
}

void raise_descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

bool can_bind(const Endpoint& endpoint) {
  sockaddr_storage storage{};
  const socklen_t length = fill_address(endpoint, storage);
  const Descriptor descriptor(socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return descriptor && bind(descriptor.get(), reinterpret_cast<const sockaddr*>(&storage), length) == 0;
}

int take_socket_error(int descriptor) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

size_t unread_bytes(const Endpoint& server) {
  size_t unread = 0;
  std::ifstream table("/proc/net/tcp");
  for (std::string line; std::getline(table, line);) {
    unsigned local_port = 0;
    unsigned long receive_queue = 0;
    constexpr const char* kRow = " %*u: %*x:%x %*x:%*x %*x %*x:%lx";  // local and remote address, state, both queues
    const bool is_row = std::sscanf(line.c_str(), kRow, &local_port, &receive_queue) == 2;
    if (is_row && local_port == server.port) unread += receive_queue;
  }
  return unread;
}

}  // namespace ms::test
