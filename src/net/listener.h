// Listener: a listening TCP socket, our own or inherited, and what the kernel says of its listen queue.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "base/error.h"
#include "net/endpoint.h"

namespace ms::net {

// The kernel's queue of connections whose handshake is done and which no accept has taken yet.
struct ListenQueue {
  uint32_t depth = 0;  // waiting now
  uint32_t limit = 0;  // the backlog as the kernel keeps it; it holds one more than this
  // Packets that this socket dropped since we, or whoever handed it in, opened it: SYNs, and the ACKs that end a
  // handshake. A client sends its own again, so that one connection counts many times.
  uint32_t drops = 0;
};

// net.core.somaxconn: the deepest listen queue that the kernel grants. 4096, its own default, where it cannot be read.
int read_somaxconn();

// Whether it can be one that Listener::open takes: kInvalid says how to write it.
Result<void> check_listen_address(std::string_view address);

class Listener {
 public:
  // Binds and listens. `address` is "127.0.0.1:8080", "[::1]:8080", "localhost:8080", or ":8080" for every address of
  // both families; port 0 lets the kernel choose. Accepted sockets inherit TCP_NODELAY. Where a predecessor's socket is
  // kept for us (net/kept_socket.h), that one is taken over. kLocked: somebody else has the address.
  static Result<Listener> open(std::string_view address, int backlog);

  // Takes a socket over that listens already, and that others may go on listening on when this process ends. A
  // `backlog` of 0 leaves its own as it is.
  static Result<Listener> adopt(Descriptor fd, int backlog);

  int fd() const { return fd_.get(); }
  // The address as bound, with the port that was chosen: "127.0.0.1:43211".
  const std::string& address() const { return address_; }
  const Endpoint& endpoint() const { return endpoint_; }
  bool is_loopback() const { return endpoint_.is_loopback(); }
  // Whoever waits in its queue at a stop is a successor's.
  bool is_inherited() const { return is_inherited_; }

  // One getsockopt each for TCP_INFO and SO_MEMINFO; thread-safe.
  ListenQueue queue() const;
  // Depth alone; for the accept loop.
  uint32_t queue_depth() const;

  // Makes the kernel drop every SYN, so that no further handshake begins: the clients send theirs again, and meet
  // whoever listens then instead of a reset. Handshakes under way are completed: to drop their last ACK would leave a
  // client that believes it is connected, and is then reset.
  void drop_handshakes() const;
  // Frees the address for a successor. The descriptor stays open, so that queue() may go on asking.
  void stop_listening() const;

 private:
  Listener(Descriptor fd, bool is_inherited);

  Descriptor fd_;
  bool is_inherited_;
  Endpoint endpoint_;
  std::string address_;
  uint32_t drops_before_;  // of a predecessor, on a socket that was kept for us
};

}  // namespace ms::net
