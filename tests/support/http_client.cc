#include "support/http_client.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "support/socket.h"

namespace ms::test {
namespace {

std::unexpected<ClientError> fail_with(ConnectionFailure kind, std::string message) {
  return std::unexpected(ClientError{kind, std::move(message)});
}

std::unexpected<ClientError> fail_call(const char* call, int number) {
  const std::string message = std::string(call) + ": " + std::strerror(number);
  if (number == ECONNREFUSED) return fail_with(ConnectionFailure::kRefused, message);
  if (number == ECONNRESET || number == EPIPE) return fail_with(ConnectionFailure::kReset, message);
  if (number == ETIMEDOUT) return fail_with(ConnectionFailure::kTimeout, message);
  return fail_with(ConnectionFailure::kOther, message);
}

}  // namespace

ClientResult<HttpClient> HttpClient::connect(const Endpoint& endpoint, milliseconds timeout) {
  Descriptor descriptor = start_connect(endpoint);
  if (!descriptor) return fail_call("connect", errno);
  HttpClient client(std::move(descriptor), timeout);
  const ClientResult<short> connected = client.wait_for(POLLOUT, Clock::now() + timeout);
  if (!connected) return std::unexpected(connected.error());
  if (const int error = take_socket_error(client.descriptor_.get()); error != 0) return fail_call("connect", error);
  return client;
}

ClientResult<short> HttpClient::wait_for(short events, Clock::time_point deadline) const {
  pollfd waited{.fd = descriptor_.get(), .events = events, .revents = 0};
  const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now()).count();
  const int ready = poll(&waited, 1, left > 0 ? static_cast<int>(left) : 0);
  if (ready < 0) return fail_call("poll", errno);
  if (ready == 0) return fail_with(ConnectionFailure::kTimeout, "nothing happened within the timeout");
  return waited.revents;
}

ClientResult<void> HttpClient::send(std::string_view bytes) {
  const auto deadline = Clock::now() + timeout_;
  while (!bytes.empty()) {
    const ClientResult<short> ready = wait_for(POLLOUT, deadline);
    if (!ready) return std::unexpected(ready.error());
    const ssize_t sent = ::send(descriptor_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return fail_call("send", errno);
    if (sent > 0) bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return {};
}

ClientResult<void> HttpClient::receive_some() {
  char buffer[64 * 1024];
  const ssize_t received = recv(descriptor_.get(), buffer, sizeof buffer, 0);
  if (received < 0) return fail_call("recv", errno);
  if (received == 0) ended_ = true;
  received_.append(buffer, static_cast<size_t>(received));
  return {};
}

ClientResult<HttpReply> HttpClient::read_reply(ReplyTo kind) { return request({}, kind); }

ClientResult<HttpReply> HttpClient::request(std::string_view bytes, ReplyTo kind) {
  const auto deadline = Clock::now() + timeout_;
  while (true) {
    auto reply = take_reply(received_, kind, ended_);
    if (!reply) return fail_with(ConnectionFailure::kOther, reply.error());
    if (*reply) return **std::move(reply);
    if (ended_) {
      return fail_with(ConnectionFailure::kEndOfStream, "the end after " + std::to_string(received_.size()) + " bytes");
    }
    const short events = bytes.empty() ? POLLIN : POLLIN | POLLOUT;
    const ClientResult<short> ready = wait_for(events, deadline);
    if (!ready) return std::unexpected(ready.error());
    if (*ready & (POLLIN | POLLERR | POLLHUP)) {
      if (const ClientResult<void> received = receive_some(); !received) return std::unexpected(received.error());
    } else {
      const ssize_t sent = ::send(descriptor_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN) return fail_call("send", errno);
      if (sent > 0) bytes.remove_prefix(static_cast<size_t>(sent));
    }
  }
}

ClientResult<void> HttpClient::read_end() {
  const auto deadline = Clock::now() + timeout_;
  while (!ended_ && received_.empty()) {
    const ClientResult<short> ready = wait_for(POLLIN, deadline);
    if (!ready) return std::unexpected(ready.error());
    if (const ClientResult<void> received = receive_some(); !received) return received;
  }
  if (!received_.empty()) return fail_with(ConnectionFailure::kOther, "further bytes: " + received_);
  return {};
}

bool HttpClient::is_at_end() const {
  char next = 0;
  return received_.empty() && recv(descriptor_.get(), &next, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

ClientResult<HttpReply> fetch(const Endpoint& endpoint, std::string_view request, ReplyTo kind) {
  ClientResult<HttpClient> client = HttpClient::connect(endpoint);
  if (!client) return std::unexpected(client.error());
  return client->request(request, kind);
}

ClientResult<HttpReply> get(const Endpoint& endpoint, std::string_view target) {
  // HTTP/1.0, so that any peer ends the body with the connection instead of sending it in chunks.
  return fetch(endpoint, "GET " + std::string(target) + " HTTP/1.0\r\nHost: metricstream.test\r\n\r\n");
}

}  // namespace ms::test
