// InlineLoop: the architecture that the front door is measured against. One thread accepts a connection, answers one
// request on it, closes it, and accepts again:
//
//     accept() -> [work] -> close() -> accept() -> [work] -> ...
//
// It blocks wherever it has to wait: for the client's bytes, for a commit, for room to send. Meanwhile everybody else
// waits in the kernel's listen queue. Whoever it sees off with bytes unread is handed to the refusing thread.
//
// It serves by the same ConnectionServer as a worker does, on the same slots, so that sessions, deadlines, figures and
// records are the same; only the waiting is its own.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/thread.h"
#include "net/acceptor.h"
#include "net/connection_server.h"

namespace ms::net {

class InlineLoop {
 public:
  // `acceptor` is its own from now on. `context` has is_single_request.
  InlineLoop(Acceptor& acceptor, ServingContext& context, uint64_t first_bytes_ms);
  InlineLoop(const InlineLoop&) = delete;
  InlineLoop& operator=(const InlineLoop&) = delete;
  ~InlineLoop();

  // Ends the thread. Unless the queues are left (Acceptor::leave_queues), it first lets no further handshake begin, and
  // answers whoever has begun one, for at most `timeout_ms`.
  void stop(uint64_t timeout_ms);

  const ConnectionServer& server() const { return server_; }
  // CPU time of the loop's thread.
  uint64_t cpu_ns() const { return thread_.cpu_ns(); }

 private:
  void run();
  // Serves all who wait in the listen queue; whether it is empty now.
  bool take_turn(Acceptor::Source& source);
  // Serves a connection to its end, or until a stop gives it up.
  void serve(int fd);
  void take_mail();
  // Its deadline has passed.
  void end(int fd, Slot& slot);
  // Blocks until the descriptor has one of the events, or until then, or until a stop begins. Whether it has.
  bool wait(int fd, short events, uint64_t until_ns);
  // Until when to wait for the client of a connection in the lobby.
  uint64_t deadline_ns(const Slot& slot) const;
  bool has_given_up() const;

  Acceptor& acceptor_;
  ServingContext& context_;
  ConnectionQueue& queue_;
  const uint64_t first_bytes_ms_;
  ConnectionServer server_;
  // Of a stop; set before the acceptor is told:
  uint64_t stop_begin_ns_ = 0;
  uint64_t give_up_ns_ = 0;
  Thread thread_;  // begins last
};

}  // namespace ms::net
