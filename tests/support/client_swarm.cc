#include "support/client_swarm.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "support/socket.h"

namespace ms::test {
namespace {

bool is_over(ClientSwarm::State state) { return state >= ClientSwarm::State::kEnded; }

}  // namespace

ClientSwarm::ClientSwarm(const Endpoint& endpoint, size_t count, std::string request)
    : request_(std::move(request)), epoll_(epoll_create1(EPOLL_CLOEXEC)), clients_(count) {
  raise_descriptor_limit();
  for (size_t i = 0; i < count; ++i) {
    clients_[i].socket = start_connect(endpoint);
    if (!clients_[i].socket) {
      clients_[i].state = State::kFailed;
      continue;
    }
    epoll_event event{.events = EPOLLIN | EPOLLOUT, .data = {.u64 = i}};
    epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, clients_[i].socket.get(), &event);
  }
}

bool ClientSwarm::send_all(milliseconds timeout) { return run_until(timeout, State::kReading); }

bool ClientSwarm::finish(milliseconds timeout) { return run_until(timeout, State::kEnded); }

size_t ClientSwarm::count(State state) const {
  return static_cast<size_t>(std::ranges::count(clients_, state, &Client::state));
}

bool ClientSwarm::run_until(milliseconds timeout, State reached) {
  const auto deadline = Clock::now() + timeout;
  const auto is_there = [reached](const Client& client) { return client.state >= reached; };
  std::array<epoll_event, 256> events;
  while (!std::ranges::all_of(clients_, is_there)) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    const int ready = epoll_wait(epoll_.get(), events.data(), events.size(), static_cast<int>(left));
    for (int i = 0; i < ready; ++i) on_event(clients_[events[i].data.u64], events[i].events);
  }
  return true;
}

void ClientSwarm::on_event(Client& client, uint32_t events) {
  if (client.state == State::kConnecting) {
    if (const int error = take_socket_error(client.socket.get()); error != 0) return fail(client, error);
    client.state = State::kSending;
  }
  if (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) receive_some(client);
  if (!is_over(client.state) && (events & EPOLLOUT)) send_some(client);
}

void ClientSwarm::send_some(Client& client) {
  const std::string_view left = std::string_view(request_).substr(client.sent_bytes);
  const ssize_t sent = send(client.socket.get(), left.data(), left.size(), MSG_NOSIGNAL);
  if (sent < 0) return errno == EAGAIN ? void() : fail(client, errno);
  client.sent_bytes += static_cast<size_t>(sent);
  if (client.sent_bytes == request_.size()) enter(client, State::kReading);
}

void ClientSwarm::receive_some(Client& client) {
  char buffer[4096];
  const ssize_t received = recv(client.socket.get(), buffer, sizeof buffer, 0);
  if (received < 0) return errno == EAGAIN ? void() : fail(client, errno);
  if (received == 0) return enter(client, State::kEnded);
  client.received.append(buffer, static_cast<size_t>(received));
}

void ClientSwarm::enter(Client& client, State state) {
  client.state = state;
  if (state == State::kReading) {
    epoll_event event{.events = EPOLLIN, .data = {.u64 = static_cast<uint64_t>(&client - clients_.data())}};
    epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, client.socket.get(), &event);
  } else {
    client.socket.reset();
  }
}

void ClientSwarm::fail(Client& client, int error) {
  enter(client, error == ECONNRESET || error == EPIPE ? State::kReset : State::kFailed);
}

}  // namespace ms::test
