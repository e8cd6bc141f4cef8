#include "http/http_session.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/clock.h"
#include "http/http_service.h"

namespace ms::http {

HttpSession::HttpSession(HttpService& service, const net::SessionContext& context)
    : service_(service), context_(context), parser_(service.limits()), body_charge_(service.bodies()) {}

net::Want HttpSession::on_bytes(std::span<const char> bytes) { return advance(bytes); }

net::Want HttpSession::advance(std::span<const char> bytes) {
  while (true) {
    bytes = bytes.subspan(parser_.feed(bytes));
    switch (parser_.state()) {
      case RequestParser::State::kHeader:
        return net::Want::kRead;
      case RequestParser::State::kFailed:
        return answer(error_response(parser_.failure().status, parser_.failure().message), false);
      case RequestParser::State::kBody:
        if (body_begin_ns_ == 0) {
          if (const auto want = begin_body(bytes)) return *want;
        }
        if (!charge_body()) return answer(no_room_for_body(), false);
        if (bytes.empty()) return net::Want::kRead;
        break;
      case RequestParser::State::kComplete:
        if (!charge_body()) return answer(no_room_for_body(), false);
        return dispatch(bytes);
    }
  }
}

std::optional<Response> HttpSession::find_route() {
  auto found = service_.router().find(parser_.request());
  if (Response* refusal = std::get_if<Response>(&found)) return std::move(*refusal);
  if (find_expectation(parser_.request()) == Expectation::kUnknown) {
    return error_response(417, "nothing but 100-continue may be expected here");
  }
  route_ = std::get<const Route*>(found);
  return std::nullopt;
}

std::optional<net::Want> HttpSession::begin_body(std::span<const char> bytes) {
  body_begin_ns_ = monotonic_ns();
  const std::optional<size_t> declared = parser_.declared_body_bytes();
  if (auto refusal = find_route()) {
    // Where all of the body is here it is read, and refused in dispatch(): the connection can go on.
    if (declared && *declared <= bytes.size()) return std::nullopt;
    return answer(std::move(*refusal), false);
  }
  const Request& request = parser_.request();
  const bool is_waiting = bytes.empty() && request.version_minor >= 1;
  if (!is_waiting || find_expectation(request) != Expectation::kContinue) return std::nullopt;
  if (!service_.bodies().has_room(declared.value_or(1))) return answer(no_room_for_body(), false);
  is_interim_ = true;
  output_ = "HTTP/1.1 100 Continue\r\n\r\n";
  return net::Want::kInterim;
}

bool HttpSession::charge_body() {
  const uint64_t uncharged = parser_.body_bytes() - body_charge_.bytes();
  return uncharged == 0 || body_charge_.try_grow(uncharged);
}

net::Want HttpSession::dispatch(std::span<const char> rest) {
  context_.stamps.complete_ns = monotonic_ns();
  pipelined_.assign(rest.begin(), rest.end());
  note_request();
  if (route_ == nullptr) {
    if (auto refusal = find_route()) return answer(std::move(*refusal), true);
  }
  parser_.request().peer = context_.peer;
  parser_.request().connection = context_.connection;
  route_->handler(parser_.request(), Responder(this));
  return net::Want::kPark;
}

void HttpSession::complete(Response response, uint64_t durable_ns) {
  response_ = std::move(response);
  context_.stamps.durable_ns = durable_ns;
  context_.waker.wake();
}

void HttpSession::begin_stream(Response response, std::unique_ptr<Stream> pieces) {
  stream_ = std::move(pieces);
  complete(std::move(response), 0);
}

net::Want HttpSession::on_wake() {
  if (!response_) return go_on();
  return answer(*std::exchange(response_, std::nullopt), true);
}

void HttpSession::note_request() {
  const Request& request = parser_.request();
  is_head_ = request.method == "HEAD";
  asks_keep_alive_ = request.keep_alive;
  version_minor_ = request.version_minor;
}

net::Want HttpSession::answer(Response response, bool is_all_read) {
  body_charge_.release();
  const bool streams = stream_ != nullptr;
  if (streams) response.close = lingers_ = true;
  if (!is_all_read) {
    note_request();
    response.close = true;
    lingers_ = true;
  }
  const bool keeps_alive =
      asks_keep_alive_ && !response.close && !context_.is_single_request && !service_.is_stopping();
  closes_ = !keeps_alive;
  if (closes_ && asks_keep_alive_) lingers_ = true;  // the client's next request may be on the wire
  output_.clear();
  serialize(response,
            {.keep_alive = keeps_alive,
             .head = is_head_,
             .streams = streams,
             .version_minor = version_minor_,
             .unix_ms = wall_ms()},
            output_);
  if (is_head_) stream_.reset();
  reply_status_ = response.status;
  service_.count_response(response.status);
  return closes_ && !lingers_ && pipelined_.empty() ? net::Want::kWriteEnd : net::Want::kWrite;
}

net::Want HttpSession::go_on() {
  output_.clear();
  std::shared_ptr<const std::string> piece;
  const Stream::Next next = service_.is_stopping() ? Stream::Next::kEnd : stream_->next(context_.waker, piece);
  if (next == Stream::Next::kLater) return net::Want::kPark;
  if (next == Stream::Next::kPiece) serialize_piece(*piece, version_minor_, output_);
  // Where no other connection is served meanwhile, the first piece is the last.
  if (next == Stream::Next::kEnd || context_.is_single_request) {
    stream_.reset();
    serialize_end(version_minor_, output_);
  }
  return net::Want::kStream;
}

net::Want HttpSession::on_sent() {
  if (std::exchange(is_interim_, false)) return net::Want::kRead;
  if (stream_ != nullptr) return go_on();
  has_answered_ = true;
  if (closes_) return net::Want::kLinger;
  output_.clear();
  parser_.reset();
  route_ = nullptr;
  body_begin_ns_ = 0;
  if (pipelined_.empty()) return net::Want::kRead;
  const std::string bytes = std::exchange(pipelined_, {});
  return advance(bytes);
}

// Whether it comes between two requests or in the middle of one: there is nobody left to answer to what was not asked.
net::Want HttpSession::on_end_of_input() { return net::Want::kClose; }

net::Want HttpSession::on_deadline() {
  if (is_idle()) return net::Want::kClose;
  const bool is_in_body = parser_.state() == RequestParser::State::kBody;
  return answer(error_response(408, is_in_body ? "the body took too long" : "the header took too long"), false);
}

uint64_t HttpSession::deadline_ns() const {
  if (parser_.state() == RequestParser::State::kBody) {
    const uint64_t allowed_ms = kBodyDeadlineMs + parser_.body_bytes() * 1000 / kBodyBytesPerSecond;
    return body_begin_ns_ + std::min(allowed_ms, kBodyDeadlineMsMax) * kNanosPerMilli;
  }
  const uint64_t allowed_ms = is_idle() ? kKeepAliveMs : kHeaderDeadlineMs;
  return context_.stamps.taken_ns + allowed_ms * kNanosPerMilli;
}

bool HttpSession::is_idle() const { return has_answered_ && parser_.is_untouched(); }

}  // namespace ms::http
