// Handlers answer requests; the router finds them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "http/message.h"
#include "http/stream.h"

namespace ms::http {

class Exchange;

// The right, and the duty, to answer one request: exactly once, from any thread, at once or later. Moved along with
// whatever the answer waits for; one that is dropped unanswered answers 500, so that no client waits for a forgotten
// reply.
class Responder {
 public:
  explicit Responder(Exchange* exchange) : exchange_(exchange) {}
  Responder(Responder&& other) noexcept : exchange_(std::exchange(other.exchange_, nullptr)) {}
  Responder& operator=(Responder&&) = delete;
  ~Responder();

  // Neither answered nor moved from.
  bool is_pending() const { return exchange_ != nullptr; }

  void send(Response response) &&;
  // As above, for a write: `durable_ns` is the moment at which it became durable; monotonic.
  void send(Response response, uint64_t durable_ns) &&;
  // The body is only the begin of it: the stream's pieces follow, and the reply ends with its connection.
  void stream(Response response, std::unique_ptr<Stream> pieces) &&;

 private:
  Exchange* exchange_;
};

// The session's side of a Responder.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual void complete(Response response, uint64_t durable_ns) = 0;
  virtual void begin_stream(Response response, std::unique_ptr<Stream> pieces) = 0;
};

// Runs on a worker and must not block; what takes long keeps the responder and answers later. The request is the
// handler's to take apart.
using Handler = std::function<void(Request& request, Responder responder)>;

struct Route {
  std::string path;                  // matched exactly
  std::vector<std::string> methods;  // GET brings HEAD with it
  Handler handler;
};

// Immutable once built; then thread-safe.
class Router {
 public:
  void add(Route route);
  // Takes every request for which there is no route, whatever its path and method.
  void add_fallback(Handler handler);
  // The route for a request whose header is complete, or the reply to refuse it with: 404, 405 with Allow (empty for
  // CONNECT: no tunnels here), or 501 for a method that neither a route nor RFC 9110 knows.
  std::variant<const Route*, Response> find(const Request& request) const;

 private:
  std::vector<Route> routes_;
  std::optional<Route> fallback_;  // of no path and no method
};

}  // namespace ms::http
