#include "load/protocol.h"

namespace ms::load {
namespace {

std::string_view content_fields(Protocol protocol) {
  switch (protocol) {
    case Protocol::kJson:
      return "Content-Type: application/json\r\n";
    case Protocol::kRemoteWrite:
      return "Content-Type: application/x-protobuf\r\nContent-Encoding: snappy\r\n"
             "X-Prometheus-Remote-Write-Version: 0.1.0\r\n";
    case Protocol::kGet:
      break;
  }
  return "";
}

}  // namespace

std::string_view protocol_name(Protocol protocol) {
  switch (protocol) {
    case Protocol::kJson:
      return "json";
    case Protocol::kRemoteWrite:
      return "remote-write";
    case Protocol::kGet:
      break;
  }
  return "get";
}

std::string_view default_path(Protocol protocol) {
  switch (protocol) {
    case Protocol::kJson:
      return "/metrics";
    case Protocol::kRemoteWrite:
      return "/api/v1/write";
    case Protocol::kGet:
      break;
  }
  return "/health";
}

std::string write_request(const HttpTarget& target, Protocol protocol, bool is_keep_alive, std::string_view body) {
  std::string request = protocol == Protocol::kGet ? "GET " : "POST ";
  request += target.path.empty() ? default_path(protocol) : std::string_view(target.path);
  request += " HTTP/1.1\r\nHost: " + target.host + "\r\n";
  if (!is_keep_alive) request += "Connection: close\r\n";
  if (protocol != Protocol::kGet) {
    request += content_fields(protocol);
    request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  }
  request += "\r\n";
  return request.append(body);
}

}  // namespace ms::load
