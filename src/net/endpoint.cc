#include "net/endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace ms::net {
namespace {

constexpr std::array<uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

Endpoint Endpoint::from(const sockaddr_storage& storage) {
  Endpoint endpoint;
  if (storage.ss_family == AF_INET6) {
    sockaddr_in6 address{};
    std::memcpy(&address, &storage, sizeof address);
    std::memcpy(endpoint.address.data(), &address.sin6_addr, endpoint.address.size());
    endpoint.port = ntohs(address.sin6_port);
  } else if (storage.ss_family == AF_INET) {
    sockaddr_in address{};
    std::memcpy(&address, &storage, sizeof address);
    std::ranges::copy(kMappedPrefix, endpoint.address.begin());
    std::memcpy(endpoint.address.data() + kMappedPrefix.size(), &address.sin_addr, sizeof address.sin_addr);
    endpoint.port = ntohs(address.sin_port);
  }
  return endpoint;
}

Endpoint Endpoint::local_of(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  return from(storage);
}

Endpoint Endpoint::peer_of(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  return from(storage);
}

bool Endpoint::is_ipv4() const { return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), address.begin()); }

bool Endpoint::is_loopback() const {
  if (is_ipv4()) return address[12] == 127;
  in6_addr ipv6{};
  std::memcpy(&ipv6, address.data(), address.size());
  return IN6_IS_ADDR_LOOPBACK(&ipv6);
}

bool Endpoint::is_any_address() const {
  const size_t begin = is_ipv4() ? kMappedPrefix.size() : 0;
  return std::all_of(address.begin() + static_cast<ptrdiff_t>(begin), address.end(), [](uint8_t b) { return b == 0; });
}

std::string Endpoint::text() const {
  if (port == 0) return "unknown";
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  if (is_ipv4()) {
    inet_ntop(AF_INET, address.data() + kMappedPrefix.size(), buffer.data(), buffer.size());
    return std::string(buffer.data()) + ":" + std::to_string(port);
  }
  inet_ntop(AF_INET6, address.data(), buffer.data(), buffer.size());
  return "[" + std::string(buffer.data()) + "]:" + std::to_string(port);
}

}  // namespace ms::net
