#include "support/http_reply.h"

#include <strings.h>

#include <charconv>
#include <cstdio>

namespace ms::test {
namespace {

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::optional<size_t> parse_number(std::string_view digits) {
  size_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

// "HTTP/1.1 200 OK" and the lines after it, without the empty one.
std::expected<HttpReply, std::string> parse_header(std::string_view text) {
  if (!text.starts_with("HTTP/1.") || text.size() < 12) return std::unexpected("no status line: " + std::string(text));
  HttpReply reply;
  const std::optional<size_t> status = parse_number(text.substr(9, 3));
  if (!status) return std::unexpected("no status: " + std::string(text));
  reply.status = static_cast<int>(*status);
  size_t line = text.find("\r\n");
  while (line != std::string_view::npos) {
    text.remove_prefix(line + 2);
    line = text.find("\r\n");
    const std::string_view header = text.substr(0, line);
    const size_t colon = header.find(": ");
    if (colon == std::string_view::npos) return std::unexpected("no header: " + std::string(header));
    reply.headers.emplace_back(header.substr(0, colon), header.substr(colon + 2));
  }
  return reply;
}

// The bytes of the body; none where only the end of the connection tells.
std::expected<std::optional<size_t>, std::string> body_bytes(const HttpReply& reply, ReplyTo kind) {
  if (kind == ReplyTo::kHead || reply.status < 200 || reply.status == 204 || reply.status == 304) return 0;
  if (!reply.header("Transfer-Encoding").empty()) return std::nullopt;
  const std::string_view length = reply.header("Content-Length");
  if (length.empty()) return std::nullopt;
  const std::optional<size_t> number = parse_number(length);
  if (!number) return std::unexpected("Content-Length: " + std::string(length));
  return number;
}

}  // namespace

std::string_view HttpReply::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (equals_ignoring_case(key, name)) return value;
  }
  return {};
}

std::expected<std::optional<HttpReply>, std::string> take_reply(std::string& bytes, ReplyTo kind, bool ended) {
  const size_t header_end = bytes.find("\r\n\r\n");
  if (header_end == std::string::npos) return std::nullopt;
  std::expected<HttpReply, std::string> reply = parse_header(std::string_view(bytes).substr(0, header_end));
  if (!reply) return std::unexpected(std::move(reply).error());
  const auto length = body_bytes(*reply, kind);
  if (!length) return std::unexpected(length.error());
  const size_t body_begin = header_end + 4;
  if (!*length && !ended) return std::nullopt;
  const size_t body_end = *length ? body_begin + **length : bytes.size();
  if (bytes.size() < body_end) return std::nullopt;
  reply->body = bytes.substr(body_begin, body_end - body_begin);
  bytes.erase(0, body_end);
  return *std::move(reply);
}

std::string request_text(std::string_view method, std::string_view target, std::string_view body,
                         const HeaderList& headers) {
  std::string text;
  text.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: metricstream.test\r\n");
  for (const auto& [name, value] : headers) text.append(name).append(": ").append(value).append("\r\n");
  if (method == "POST") text.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  text.append("\r\n").append(body);
  return text;
}

std::string json_write_text(std::string_view body, const HeaderList& headers) {
  HeaderList all = {{"Content-Type", "application/json"}};
  all.insert(all.end(), headers.begin(), headers.end());
  return request_text("POST", "/metrics", body, all);
}

std::string remote_write_text(std::string_view body, const HeaderList& headers) {
  HeaderList all = {{"Content-Type", "application/x-protobuf"},
                    {"Content-Encoding", "snappy"},
                    {"X-Prometheus-Remote-Write-Version", "0.1.0"}};
  all.insert(all.end(), headers.begin(), headers.end());
  return request_text("POST", "/api/v1/write", body, all);
}

std::string percent_encode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) || std::string_view("-._~").find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      char escape[4];
      std::snprintf(escape, sizeof escape, "%%%02X", static_cast<unsigned char>(c));
      encoded += escape;
    }
  }
  return encoded;
}

}  // namespace ms::test
