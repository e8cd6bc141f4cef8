#include "http/http_service.h"

#include "http/http_session.h"

namespace ms::http {

std::string refusal_text(std::string_view message) {
  // Without Date: it is written once, and RFC 9110 section 6.6.1 lets a 5xx go without.
  const Response response = retry_later(message);
  std::string text = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nConnection: close\r\n";
  text += "Retry-After: " + std::to_string(HttpService::kRetryAfterSeconds) + "\r\n";
  text += "Content-Length: " + std::to_string(response.body.size()) + "\r\n\r\n";
  return text + response.body;
}

Response retry_later(std::string_view message) {
  Response response = error_response(503, message);
  response.headers.push_back({"Retry-After", std::to_string(HttpService::kRetryAfterSeconds)});
  return response;
}

Response no_room_for_body() {
  Response response = retry_later("the requests in hand take all the memory that there is for them");
  response.close = true;
  return response;
}

HttpService::HttpService(const Limits& limits, const Router& router)
    : limits_(limits),
      refusal_(refusal_text("too many connections, or too many requests are waiting")),
      router_(&router) {}

std::unique_ptr<net::Session> HttpService::make(const net::SessionContext& context) {
  return std::make_unique<HttpSession>(*this, context);
}

void HttpService::count_response(int status) {
  if (status > 0 && static_cast<size_t>(status) < kStatusMax) {
    responses_[static_cast<size_t>(status)].fetch_add(1, std::memory_order_relaxed);
  }
}

std::vector<std::pair<int, uint64_t>> HttpService::responses() const {
  std::vector<std::pair<int, uint64_t>> counted;
  for (size_t status = 0; status < kStatusMax; ++status) {
    const uint64_t count = responses_[status].load(std::memory_order_relaxed);
    if (count > 0) counted.emplace_back(static_cast<int>(status), count);
  }
  return counted;
}

}  // namespace ms::http
