// HttpClient: one connection of a test, blocking, with a timeout on every call. It sees what a real client sees and
// tells it apart: a reset is not an end, and neither is a timeout.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include "base/descriptor.h"
#include "support/endpoint.h"
#include "support/http_reply.h"
#include "support/wait.h"

namespace ms::test {

enum class ConnectionFailure {
  kRefused,      // ECONNREFUSED: nobody listens
  kReset,        // ECONNRESET or EPIPE: the peer threw the connection away
  kEndOfStream,  // the peer closed in good order, before what was waited for had come
  kTimeout,
  kOther,  // a failed system call, or bytes that are no reply
};

struct ClientError {
  ConnectionFailure kind = ConnectionFailure::kOther;
  std::string message;
};

template <class T>
using ClientResult = std::expected<T, ClientError>;

// Confined to one thread at a time; but one may send() while another reads.
class HttpClient {
 public:
  // `timeout` is for the connect and for each later call.
  static ClientResult<HttpClient> connect(const Endpoint& endpoint, milliseconds timeout = seconds(20));

  // Sends all of `bytes`, and reads nothing meanwhile.
  ClientResult<void> send(std::string_view bytes);
  ClientResult<HttpReply> read_reply(ReplyTo kind = ReplyTo::kOther);
  // Sends `bytes` and reads one reply, both as the socket allows: an early reply ends the sending.
  ClientResult<HttpReply> request(std::string_view bytes, ReplyTo kind = ReplyTo::kOther);
  // Waits for the peer to close in good order; an error for anything else, further bytes included.
  ClientResult<void> read_end();
  // Whether the peer has ended the connection, as far as can be seen now.
  bool is_at_end() const;

 private:
  HttpClient(Descriptor descriptor, milliseconds timeout) : descriptor_(std::move(descriptor)), timeout_(timeout) {}

  // Waits for `events` of poll(2); what happened.
  ClientResult<short> wait_for(short events, Clock::time_point deadline) const;
  ClientResult<void> receive_some();

  Descriptor descriptor_;
  milliseconds timeout_;
  std::string received_;  // and not taken yet
  bool ended_ = false;    // the peer has sent FIN
};

// One request on a connection of its own.
ClientResult<HttpReply> fetch(const Endpoint& endpoint, std::string_view request, ReplyTo kind = ReplyTo::kOther);
// GET without anything special.
ClientResult<HttpReply> get(const Endpoint& endpoint, std::string_view target);

}  // namespace ms::test
