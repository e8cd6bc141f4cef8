// AcceptLoop: the thread that drains. It takes connections out of the kernel's listen queues into ours, and does
// nothing else: it reads no bytes, writes none, waits for no worker, and logs nothing per connection.
//
// After the listen queue is empty it looks again for a short while before it sleeps, if what it has just taken was a
// burst: more of it is on its way, and a wake-up costs more than the look.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/histogram.h"
#include "base/quantile_histogram.h"
#include "base/thread.h"
#include "net/connection_queue.h"
#include "net/listener.h"
#include "net/record_ring.h"
#include "net/refuser.h"

namespace ms::net {

// Beyond these a connection is refused. Any thread may change them while the loop runs.
struct AcceptBounds {
  std::atomic<uint64_t> connections_max = 0;  // open at once
  std::atomic<uint64_t> queue_max = 0;        // accepted and not yet taken by a worker
};

struct AcceptStats {
  Counter accepted;
  Counter refused_connections;  // --max-connections was reached
  Counter refused_queue;        // --connection-queue was reached
  Counter failed;               // accept4 or epoll_ctl failed for want of memory or descriptors
  QuantileHistogram accept_ns;  // from before accept4 until the connection is in the queue, or refused
  // Depth of the listen queue as it was found, before it was drained.
  Counter depth_samples;
  Counter depth_sum;
  std::atomic<uint64_t> depth_max = 0;
  // Bounds of single connections' waits in the listen queue (net/record.h), where they were sampled.
  QuantileHistogram kernel_wait_at_least_ns;
  QuantileHistogram kernel_wait_at_most_ns;
  // 0 while the loop drains; else since when it is blocked in poll; monotonic.
  std::atomic<uint64_t> blocked_since_ns = 0;
};

class AcceptLoop {
 public:
  // A connection's number, 12 for C12, is its place among all that were accepted.
  AcceptLoop(std::vector<Listener>& listeners, ConnectionQueue& queue, Refuser& refuser, const AcceptBounds& bounds,
             uint64_t first_bytes_ms, size_t records, Descriptor stop_fd);
  AcceptLoop(const AcceptLoop&) = delete;
  AcceptLoop& operator=(const AcceptLoop&) = delete;
  ~AcceptLoop();

  // Lets no further handshake begin, accepts whoever has begun one, stops listening, and ends the thread.
  void stop();

  const AcceptStats& stats() const { return stats_; }
  // Of connections that were refused before they were in the queue.
  const RecordRing& records() const { return records_; }
  // CPU time of the loop's thread.
  uint64_t cpu_ns() const { return thread_->cpu_ns(); }

 private:
  // A listener and what the loop knows of its queue.
  struct Source {
    const Listener& listener;
    uint64_t empty_ns;    // when it was last found empty
    uint64_t depth = 0;   // as last sampled
    bool is_any_address;  // what an accepted socket is bound to has to be asked for
  };

  void run();
  void sample_depth(Source& source);
  enum class Drained {
    kEmpty,     // nobody waits any more
    kTurnOver,  // so many were taken that others have their turn
    kBlocked,   // for a moment no more can be taken: the refusing thread is behind, or there is no descriptor
  };

  // Drains a listener, and looks again if it was a burst.
  Drained take_turn(Source& source);
  // Adds to `count` how many it took.
  Drained drain(Source& source, uint64_t& count);
  // What is known of a connection that was just accepted, but for its peer.
  Arrival describe(int fd, const Source& source, uint64_t accept_begin_ns);
  KernelWait sample_kernel_wait(int fd, const Source& source);
  void admit(Descriptor fd, const Arrival& arrival);
  void refuse(Descriptor fd, const Arrival& arrival, Outcome outcome);
  void close_listeners();

  std::vector<Source> sources_;
  ConnectionQueue& queue_;
  Refuser& refuser_;
  const AcceptBounds& bounds_;
  const uint64_t first_bytes_ms_;
  Descriptor stop_fd_;
  AcceptStats stats_;
  RecordRing records_;
  uint64_t now_ns_ = 0;           // the last stamp: an accept begins where the enqueue before it ended
  std::optional<Thread> thread_;  // begins last
};

}  // namespace ms::net
