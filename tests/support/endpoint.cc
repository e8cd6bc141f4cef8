#include "support/endpoint.h"

#include <charconv>
#include <random>

#include "support/socket.h"

namespace ms::test {
std::optional<Endpoint> parse_endpoint(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const std::string_view digits = text.substr(colon + 1);
  Endpoint endpoint{.host = std::string(host)};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), endpoint.port);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return endpoint;
}

uint16_t choose_free_port() {
  std::random_device random;
  std::uniform_int_distribution<int> below_ephemeral(20000, 32000);
  while (true) {
    const auto port = static_cast<uint16_t>(below_ephemeral(random));
    if (can_bind({.host = "127.0.0.1", .port = port})) return port;
  }
}

}  // namespace ms::test
