// Endpoint: a TCP address that a test connects to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ms::test {

struct Endpoint {
  std::string host;  // "127.0.0.1" or "::1"
  uint16_t port = 0;

  std::string text() const {
    const std::string digits = std::to_string(port);
    return host.find(':') == std::string::npos ? host + ":" + digits : "[" + host + "]:" + digits;
  }
};

// "127.0.0.1:8080" or "[::1]:8080".
std::optional<Endpoint> parse_endpoint(std::string_view text);

// A port of 127.0.0.1 on which nobody listens now. Below the range from which the kernel takes ports by itself, so that
// it stays free while the server that has it is down between two runs.
uint16_t choose_free_port();

}  // namespace ms::test
