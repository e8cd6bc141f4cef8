// AcceptLoop: the thread that drains. It takes connections out of the kernel's listen queues into ours, and does
// nothing else: it reads no bytes, writes none, waits for no worker, and logs nothing per connection.
//
// When it has emptied the listen queue it sleeps until someone comes. In a storm it rests for a moment instead, and
// lets the next ones gather: woken by each of them, it would spend more on waking up than on taking them.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/thread.h"
#include "net/acceptor.h"
#include "net/connection_queue.h"

namespace ms::net {

// Beyond these a connection is refused. Any thread may change them while the loop runs.
struct AcceptBounds {
  std::atomic<uint64_t> connections_max = 0;  // open at once
  std::atomic<uint64_t> queue_max = 0;        // accepted and not yet taken by a worker
};

class AcceptLoop {
 public:
  // `acceptor` is its own from now on.
  AcceptLoop(Acceptor& acceptor, ConnectionQueue& queue, const AcceptBounds& bounds, uint64_t first_bytes_ms);
  AcceptLoop(const AcceptLoop&) = delete;
  AcceptLoop& operator=(const AcceptLoop&) = delete;
  ~AcceptLoop();

  // Ends the thread. Unless the queues are left (Acceptor::leave_queues), it first lets no further handshake begin, and
  // accepts whoever has begun one.
  void stop();

  // CPU time of the loop's thread.
  uint64_t cpu_ns() const { return thread_.cpu_ns(); }

 private:
  enum class Drained {
    kEmpty,     // nobody waits any more
    kTurnOver,  // so many were taken that others have their turn
    kBlocked,   // for a moment no more can be taken
  };

  static constexpr size_t kStormOf = 32;

  void run();
  // Whether the last kStormOf connections came within kStormNs.
  bool is_storm() const;
  Drained drain(Acceptor::Source& source);
  void admit(Acceptor::Accepted accepted);

  Acceptor& acceptor_;
  ConnectionQueue& queue_;
  const AcceptBounds& bounds_;
  const uint64_t first_bytes_ms_;
  std::array<uint64_t, kStormOf> taken_ns_ = {};  // when the last ones were accepted, in turn; monotonic
  uint64_t taken_ = 0;                            // connections
  Thread thread_;                                 // begins last
};

}  // namespace ms::net
