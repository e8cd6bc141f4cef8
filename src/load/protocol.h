// What the load generators send: a protocol's request, as text that is ready to be sent.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "load/http_target.h"

namespace ms::load {

enum class Protocol : uint8_t {
  kJson,         // POST /metrics
  kRemoteWrite,  // POST /api/v1/write: protobuf, compressed by snappy
  kGet,          // GET /health: no samples
};

std::string_view protocol_name(Protocol protocol);

// Where a server takes it: "/metrics".
std::string_view default_path(Protocol protocol);

// The request with its head: to target.path, or the protocol's own where that is empty. `body` is empty for kGet.
std::string write_request(const HttpTarget& target, Protocol protocol, bool is_keep_alive, std::string_view body);

}  // namespace ms::load
