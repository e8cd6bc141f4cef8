// HttpService: HTTP on the front door. It makes a session for each connection, and holds what all sessions share: the
// limits, the routes, the budget of bytes for bodies, and whether the server is stopping.
//
// Thread-safe; outlives its sessions.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/byte_budget.h"
#include "http/handler.h"
#include "http/message.h"
#include "net/session.h"

namespace ms::http {

class HttpService final : public net::SessionFactory {
 public:
  // A client that is refused is asked to come back after this many seconds.
  static constexpr int kRetryAfterSeconds = 5;

  HttpService(const Limits& limits, const Router& router);

  std::unique_ptr<net::Session> make(const net::SessionContext& context) override;
  std::string_view refusal() const override { return refusal_; }

  // Requests whose header is complete from now on are routed by `router`, which outlives the service.
  void route_by(const Router& router) { router_.store(&router, std::memory_order_release); }
  // Every reply from now on ends its connection.
  void begin_stop() { is_stopping_.store(true, std::memory_order_release); }

  const Limits& limits() const { return limits_; }
  // What the bodies of all requests in hand may take, as they come and decoded.
  ByteBudget& bodies() { return bodies_; }
  const ByteBudget& bodies() const { return bodies_; }
  const Router& router() const { return *router_.load(std::memory_order_acquire); }
  bool is_stopping() const { return is_stopping_.load(std::memory_order_acquire); }

  void count_response(int status);
  // Status and number of the responses that sessions have written, by status.
  std::vector<std::pair<int, uint64_t>> responses() const;

 private:
  static constexpr size_t kStatusMax = 600;

  const Limits limits_;
  const std::string refusal_;
  ByteBudget bodies_{limits_.bodies_bytes_max};
  std::atomic<const Router*> router_;
  std::atomic<bool> is_stopping_ = false;
  std::array<std::atomic<uint64_t>, kStatusMax> responses_{};
};

// The reply to a client whose request is not read: a 503 that asks it to come back later.
std::string refusal_text(std::string_view message);
// The same to a request that was read.
Response retry_later(std::string_view message);
// The same, where HttpService::bodies() is used up; it closes the connection.
Response no_room_for_body();

}  // namespace ms::http
