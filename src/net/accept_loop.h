// AcceptLoop: the thread that drains. It takes connections out of the kernel's listen queues into ours, and does
// nothing else: it reads no bytes, writes none, waits for no worker, and logs nothing per connection.
//
// After the listen queue is empty it looks again for a short while before it sleeps, if what it has just taken was a
// burst: more of it is on its way, and a wake-up costs more than the look.
#pragma once

#include <atomic>
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

  // Lets no further handshake begin, accepts whoever has begun one, stops listening, and ends the thread.
  void stop();

  // CPU time of the loop's thread.
  uint64_t cpu_ns() const { return thread_.cpu_ns(); }

 private:
  enum class Drained {
    kEmpty,     // nobody waits any more
    kTurnOver,  // so many were taken that others have their turn
    kBlocked,   // for a moment no more can be taken
  };

  void run();
  // Drains a listen queue, and looks again if it was a burst.
  Drained take_turn(Acceptor::Source& source);
  // Adds to `count` how many it took.
  Drained drain(Acceptor::Source& source, uint64_t& count);
  void admit(Acceptor::Accepted accepted);

  Acceptor& acceptor_;
  ConnectionQueue& queue_;
  const AcceptBounds& bounds_;
  const uint64_t first_bytes_ms_;
  Thread thread_;  // begins last
};

}  // namespace ms::net
