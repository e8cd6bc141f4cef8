// HttpTarget: where the clients of a load generator go.
#pragma once

#include <sys/socket.h>

#include <string>

#include "base/error.h"

namespace ms::load {

struct Target {
  sockaddr_storage address{};
  socklen_t size = 0;

  bool is_ipv4_loopback() const;
};

struct HttpTarget {
  Target address;
  std::string host;  // as the Host header has it: "127.0.0.1:8080"
  std::string path;  // with its query; empty: the URL names none
};

// "http://127.0.0.1:8080", "[::1]:8080/write?db=x", "localhost:8080", ":8080" for this machine; port 80 where there is
// none. A name is resolved now; where it has addresses of both families, IPv4 is taken. An error says why it is no
// target: kInvalid for the text, kIo where the name is not resolved.
Result<HttpTarget> parse_http_target(const std::string& url);

}  // namespace ms::load
