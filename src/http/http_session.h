// HttpSession: the requests of one connection, one after the other.
//
//     bytes -> RequestParser -> (header complete: is there a route?) -> handler -> parked -> response -> bytes
//
// A client that waits to be told before it sends its body (Expect: 100-continue) is told once its header is well formed
// and within the limits, its path and method have a route, and there is room for its body. What the handler asks of a
// header, like a Content-Type that it takes, is told when the body has come.
//
// A reply may go on as a stream: its pieces are sent as they come, until the stream ends, or the client goes, or the
// server stops. It is its connection's last.
//
// Requests that a client sends without waiting (pipelining) are kept until the one before is answered. While a request
// is being answered nothing is read, so a client that only sends is slowed by TCP.
//
// Deadlines: a header is complete 10 s after its first byte; a body 10 s after its header, and a second later for each
// 64 KiB of it that have come, at most 10 minutes; the next request begins within 75 s.
//
// Confined as net::Session says; complete() comes from any thread, while the session is parked.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/byte_budget.h"
#include "http/handler.h"
#include "http/message.h"
#include "http/request_parser.h"
#include "net/session.h"

namespace ms::http {

class HttpService;

class HttpSession final : public net::Session, private Exchange {
 public:
  static constexpr uint64_t kHeaderDeadlineMs = 10'000;
  static constexpr uint64_t kBodyDeadlineMs = 10'000;
  static constexpr uint64_t kBodyBytesPerSecond = 64 * 1024;
  static constexpr uint64_t kBodyDeadlineMsMax = 600'000;
  static constexpr uint64_t kKeepAliveMs = 75'000;

  HttpSession(HttpService& service, const net::SessionContext& context);

  net::Want on_bytes(std::span<const char> bytes) override;
  net::Want on_wake() override;
  net::Want on_sent() override;
  net::Want on_end_of_input() override;
  net::Want on_deadline() override;
  std::string_view output() const override { return output_; }
  int reply_code() const override { return reply_status_; }
  uint64_t deadline_ns() const override;
  bool is_idle() const override;

 private:
  void complete(Response response, uint64_t durable_ns) override;
  void begin_stream(Response response, std::unique_ptr<Stream> pieces) override;

  net::Want advance(std::span<const char> bytes);
  // Finds the route once the header is complete; a response where there is none, or something is expected that we do
  // not do.
  std::optional<Response> find_route();
  // The header is complete and a body is to come, of which `bytes` have: nothing where it is to be read, else what is
  // wanted instead, or first.
  std::optional<net::Want> begin_body(std::span<const char> bytes);
  // Charges what has come of the body since the last call; false where there is no room for it.
  bool charge_body();
  net::Want dispatch(std::span<const char> rest);
  // Keeps of the request what its reply depends on: the handler takes the request apart.
  void note_request();
  // Begins the reply. `is_all_read`: nothing of the request is still to come; otherwise it is the connection's last.
  net::Want answer(Response response, bool is_all_read);
  // The next piece of the stream, or its end, or the wait for one of them.
  net::Want go_on();

  HttpService& service_;
  const net::SessionContext context_;
  RequestParser parser_;
  const Route* route_ = nullptr;
  ByteBudget::Charge body_charge_;    // of the request's body, as it comes, until the answer
  std::optional<Response> response_;  // the handler's
  // Of the request that is being answered:
  bool is_head_ = false;
  bool asks_keep_alive_ = true;
  int version_minor_ = 1;
  int reply_status_ = 0;            // of the last reply begun
  std::unique_ptr<Stream> stream_;  // that follows the reply, and has not ended
  std::string output_;
  std::string pipelined_;       // bytes behind the request that is being answered
  uint64_t body_begin_ns_ = 0;  // when its header was complete; 0 before
  bool has_answered_ = false;   // at least one request of the connection
  bool is_interim_ = false;     // the output is "100 Continue"
  bool closes_ = false;         // the reply being written is the last one,
  bool lingers_ = false;        // and bytes of the client's may be unread
};

}  // namespace ms::http
