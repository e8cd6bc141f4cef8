// AcceptLoop: the thread that drains. It takes connections out of the kernel's listen queues into ours, and does
// nothing else: it reads no bytes, writes none, waits for no worker, and logs nothing per connection.
//
// After the listen queue is empty it looks again for a short while before it sleeps, if what it has just taken was a
// burst: more of it is on its way, and a wake-up costs more than the look.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/histogram.h"
#include "base/thread.h"
#include "net/connection_queue.h"
#include "net/listener.h"
#include "net/refuser.h"

namespace ms::net {

struct AcceptLimits {
  uint64_t connections_max = 0;      // open at once
  uint64_t queue_max = 0;            // accepted and not yet taken by a worker
  uint64_t first_bytes_ms = 10'000;  // how long a connection may be silent
};

struct AcceptStats {
  Counter accepted;
  Counter refused_connections;  // --max-connections was reached
  Counter refused_queue;        // --connection-queue was reached
  Counter failed;               // accept4 or epoll_ctl failed for want of memory or descriptors
  // Depth of the listen queue as it was found, before it was drained.
  Counter depth_samples;
  Counter depth_sum;
  std::atomic<uint64_t> depth_max = 0;
};

class AcceptLoop {
 public:
  AcceptLoop(std::vector<Listener>& listeners, ConnectionQueue& queue, Refuser& refuser, const AcceptLimits& limits,
             Descriptor stop_fd);
  AcceptLoop(const AcceptLoop&) = delete;
  AcceptLoop& operator=(const AcceptLoop&) = delete;
  ~AcceptLoop();

  // Lets no further handshake begin, accepts whoever has begun one, stops listening, and ends the thread.
  void stop();

  const AcceptStats& stats() const { return stats_; }
  // CPU time of the loop's thread.
  uint64_t cpu_ns() const { return thread_.cpu_ns(); }

 private:
  void run();
  void sample_depth(const Listener& listener);
  enum class Drained {
    kEmpty,     // nobody waits any more
    kTurnOver,  // so many were taken that others have their turn
    kBlocked,   // for a moment no more can be taken: the refusing thread is behind, or there is no descriptor
  };

  // Drains a listener, and looks again if it was a burst.
  Drained take_turn(const Listener& listener);
  // Adds to `count` how many it took.
  Drained drain(const Listener& listener, uint64_t& count);
  void admit(Descriptor fd, uint64_t accept_begin_ns, uint64_t accepted_ns);
  void close_listeners();

  std::vector<Listener>& listeners_;
  ConnectionQueue& queue_;
  Refuser& refuser_;
  const AcceptLimits limits_;
  Descriptor stop_fd_;
  AcceptStats stats_;
  uint64_t now_ns_ = 0;  // the last stamp: an accept begins where the enqueue before it ended
  Thread thread_;
};

}  // namespace ms::net
