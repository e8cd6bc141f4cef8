// Endpoint: a TCP address and port as a value of 18 bytes. An IPv4 address is held in its IPv4-mapped form (RFC 4291
// section 2.5.5.2), so that a client is the same on a socket of either family.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <string>

namespace ms::net {

struct Endpoint {
  std::array<uint8_t, 16> address{};
  uint16_t port = 0;  // 0: unknown

  static Endpoint from(const sockaddr_storage& storage);
  // What a socket is bound to, and to whom it is connected; unknown where the kernel does not say.
  static Endpoint local_of(int fd);
  static Endpoint peer_of(int fd);

  bool is_ipv4() const;
  bool is_loopback() const;
  bool is_any_address() const;  // 0.0.0.0 or ::
  // "127.0.0.1:54127" or "[::1]:54127"; "unknown".
  std::string text() const;

  bool operator==(const Endpoint&) const = default;
};

}  // namespace ms::net
