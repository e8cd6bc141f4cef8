#include "http/handler.h"

#include <algorithm>
#include <string_view>

namespace ms::http {
namespace {

bool is_known_method(std::string_view method) {
  constexpr std::string_view kMethods[] = {"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                           "CONNECT", "OPTIONS", "TRACE", "PATCH"};  // RFC 9110 section 9.3, RFC 5789
  return std::ranges::find(kMethods, method) != std::end(kMethods);
}

bool allows(const Route& route, std::string_view method) {
  const std::string_view looked_up = method == "HEAD" ? "GET" : method;
  return std::ranges::any_of(route.methods, [&](const std::string& m) { return m == method || m == looked_up; });
}

void append_methods(std::string& allow, const Route& route) {
  for (const std::string& method : route.methods) {
    if (!allow.empty()) allow += ", ";
    allow += method;
    if (method == "GET") allow += ", HEAD";
  }
}

}  // namespace

Responder::~Responder() {
  if (exchange_ != nullptr) std::move(*this).send(error_response(500, "the request was dropped without an answer"));
}

void Responder::send(Response response) && { std::move(*this).send(std::move(response), 0); }

void Responder::send(Response response, uint64_t durable_ns) && {
  std::exchange(exchange_, nullptr)->complete(std::move(response), durable_ns);
}

void Responder::stream(Response response, std::unique_ptr<Stream> pieces) && {
  std::exchange(exchange_, nullptr)->begin_stream(std::move(response), std::move(pieces));
}

void Router::add(Route route) { routes_.push_back(std::move(route)); }

void Router::add_fallback(Handler handler) { fallback_ = Route{.handler = std::move(handler)}; }

std::variant<const Route*, Response> Router::find(const Request& request) const {
  std::string allow;
  for (const Route& route : routes_) {
    if (route.path != request.path) continue;
    if (allows(route, request.method)) return &route;
    append_methods(allow, route);
  }
  if (fallback_) return &*fallback_;
  if (!is_known_method(request.method)) return error_response(501, "unknown method: " + request.method);
  // A tunnel is asked for at no path of ours, so no method is allowed there: an empty Allow says it (RFC 9110
  // section 10.2.1).
  if (allow.empty() && request.method != "CONNECT") return error_response(404, "not found: " + request.path);
  Response refusal = error_response(405, request.method + " is not allowed here");
  refusal.headers.push_back({"Allow", std::move(allow)});
  return refusal;
}

}  // namespace ms::http
