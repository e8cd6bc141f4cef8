#include "load/http_target.h"

#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

#include "base/ascii.h"

namespace ms::load {
namespace {

struct Authority {
  std::string_view host;  // without brackets
  std::string_view port = "80";
};

std::optional<Authority> split_authority(std::string_view text) {
  Authority parts;
  std::string_view rest;
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    parts.host = text.substr(1, end - 1);
    rest = text.substr(end + 1);
  } else {
    const size_t colon = text.find(':');
    parts.host = text.substr(0, colon);
    rest = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
  }
  if (rest.empty()) return parts;
  if (!rest.starts_with(':')) return std::nullopt;
  parts.port = rest.substr(1);
  return parts;
}

bool is_port(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port != 0;
}

// What would end the request line or the header that it is written into.
bool has_blank_or_control(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<uint8_t>(c) <= ' ' || c == 0x7f; });
}

Result<Target> resolve(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found); error != 0) {
    return fail(ErrorCode::kIo, "\"" + host + "\" is not resolved: " + gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  const addrinfo* chosen = found;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    if (each->ai_family == AF_INET) {
      chosen = each;
      break;
    }
  }
  Target target{.size = chosen->ai_addrlen};
  std::memcpy(&target.address, chosen->ai_addr, chosen->ai_addrlen);
  return target;
}

}  // namespace

bool Target::is_ipv4_loopback() const {
  if (address.ss_family != AF_INET) return false;
  sockaddr_in ipv4{};
  std::memcpy(&ipv4, &address, sizeof ipv4);
  return ntohl(ipv4.sin_addr.s_addr) >> 24 == 127;
}

Result<HttpTarget> parse_http_target(const std::string& url) {
  const auto refuse = [&](const std::string& reason) {
    return fail(ErrorCode::kInvalid, "\"" + url + "\" is not a server's URL: " + reason);
  };
  if (has_blank_or_control(url)) return refuse("it has a blank or a control character");
  std::string_view rest = url;
  if (const size_t scheme = rest.find("://"); scheme != std::string_view::npos) {
    if (!equals_ignoring_case(rest.substr(0, scheme), "http")) return refuse("only http:// is spoken");
    rest.remove_prefix(scheme + 3);
  }
  rest = rest.substr(0, rest.find('#'));
  const std::string_view text = rest.substr(0, rest.find_first_of("/?"));
  std::string path(rest.substr(text.size()));
  if (path.starts_with('?')) path.insert(0, 1, '/');
  if (path == "/") path.clear();
  if (text.find('@') != std::string_view::npos) return refuse("a user is not supported");
  const auto authority = split_authority(text);
  if (!authority || text.empty()) return refuse("it names no host");
  if (!is_port(authority->port)) {
    return refuse("\"" + std::string(authority->port) + "\" is no port from 1 to 65535");
  }
  const bool is_local = authority->host.empty();
  auto address = resolve(is_local ? "127.0.0.1" : std::string(authority->host), std::string(authority->port));
  if (!address) return std::unexpected(std::move(address).error().with_context(url));
  return HttpTarget{
      .address = *address, .host = (is_local ? "127.0.0.1" : "") + std::string(text), .path = std::move(path)};
}

}  // namespace ms::load
