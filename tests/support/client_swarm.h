// ClientSwarm: hundreds or thousands of clients at once, on one thread and one epoll set.
//
// Each connects, sends the same bytes, and reads until the server closes. What each of them saw is told apart, so that
// a test can demand of all of them what a polite server owes to each.
#pragma once

#include <string>
#include <vector>

#include "base/descriptor.h"
#include "support/endpoint.h"
#include "support/wait.h"

namespace ms::test {

class ClientSwarm {
 public:
  enum class State {
    kConnecting,
    kSending,
    kReading,  // everything is sent
    kEnded,    // the server closed in good order
    kReset,    // ECONNRESET, EPIPE
    kFailed,   // any other error, ECONNREFUSED included
  };

  struct Client {
    Descriptor socket;
    State state = State::kConnecting;
    size_t sent_bytes = 0;
    std::string received;
  };

  // Opens `count` connections, without waiting for any.
  ClientSwarm(const Endpoint& endpoint, size_t count, std::string request);

  // Whether all of them have sent their request, within the timeout.
  bool send_all(milliseconds timeout);
  // Whether all of them have come to an end, in good order or not.
  bool finish(milliseconds timeout);

  const std::vector<Client>& clients() const { return clients_; }
  size_t count(State state) const;

 private:
  bool run_until(milliseconds timeout, State reached);
  void on_event(Client& client, uint32_t events);
  void send_some(Client& client);
  void receive_some(Client& client);
  void enter(Client& client, State state);
  void fail(Client& client, int error);

  std::string request_;
  Descriptor epoll_;
  std::vector<Client> clients_;
};

}  // namespace ms::test
