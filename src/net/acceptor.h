// Acceptor: takes connections out of the kernel's listen queues one by one, and notes of each what can be known. What
// becomes of them is its owner's matter: the accept loop enqueues them, the inline loop serves them.
//
// Confined to its owner's thread, but for stop(), leave_queues(), stats() and records(), which any thread may call.
#pragma once

#include <poll.h>

#include <atomic>
#include <cstdint>
#include <expected>
#include <functional>
#include <vector>

#include "base/descriptor.h"
#include "base/histogram.h"
#include "base/quantile_histogram.h"
#include "net/connection_table.h"
#include "net/descriptors.h"
#include "net/listener.h"
#include "net/record_ring.h"
#include "net/refuser.h"

namespace ms::net {

struct AcceptStats {
  Counter accepted;
  Counter refused_connections;  // --max-connections was reached
  Counter refused_queue;        // --connection-queue was reached
  Counter refused_descriptors;  // there was no descriptor but one of the reserve, or no memory to watch it
  Counter failed;               // accept4 failed for want of memory or descriptors
  Counter pauses;               // nobody could be taken, and the thread waited for that to change
  Counter left;                 // waited in a listen queue when a stop took nobody more out of it
  // From before accept4 until the next connection can be accepted: this one is in the queue by then, or refused; with
  // the inline architecture, answered and closed.
  QuantileHistogram accept_ns;
  // Depth of the listen queue as it was found, before a connection was taken.
  Counter depth_samples;
  Counter depth_sum;
  std::atomic<uint64_t> depth_max = 0;
  // Bounds of single connections' waits in the listen queue (net/record.h), where they were sampled.
  QuantileHistogram kernel_wait_at_least_ns;
  QuantileHistogram kernel_wait_at_most_ns;
  // 0 while connections are taken; else since when the thread is blocked in poll; monotonic.
  std::atomic<uint64_t> blocked_since_ns = 0;
  std::atomic<uint64_t> draining_since_ns = 0;  // since when connections are taken, or were last; monotonic
};

class Acceptor {
 public:
  // A listener and what is known of its queue.
  struct Source {
    const Listener& listener;
    bool is_any_address;  // what an accepted socket is bound to has to be asked for
    bool is_ready = false;
    uint64_t empty_ns = 0;  // when it was last found empty
    uint64_t depth = 0;     // as last sampled
  };
  struct Accepted {
    Descriptor fd;
    Arrival arrival;
  };
  // Why there is no connection.
  enum class None {
    kEmpty,    // nobody waits any more
    kBlocked,  // nobody can be taken: the refusing thread is behind, or there is neither descriptor nor memory
  };

  // `room` is notified when a connection's descriptor has been closed, and by the refuser.
  Acceptor(const std::vector<Listener>& listeners, Refuser& refuser, RoomSignal& room, size_t records,
           Descriptor stop_fd);

  // Blocks until someone waits in a listen queue, and marks the sources that are ready. False: it is to stop.
  bool wait();
  // Before wait(): lets connections gather for so long.
  static void rest(uint64_t rest_ns);
  std::vector<Source>& sources() { return sources_; }
  void sample_depth(Source& source);
  // As long as the reserve is not whole, what can be taken is the reserve's: whoever comes by it is refused, and the
  // next is looked at.
  std::expected<Accepted, None> accept(Source& source);
  // Ends what was begun by accept(): to be called when the next one can follow. Returns the time.
  uint64_t finish(const Arrival& arrival);
  // Hands a connection that nobody will serve to the refusing thread, and finishes.
  void refuse(Descriptor fd, const Arrival& arrival, Outcome outcome);
  // After kBlocked: waits until that may have passed, or a stop begins. The first of several calls in a row returns at
  // once, for one more look.
  void pause();

  // Before stop(): who waits in the listen queues at the end is a successor's.
  void leave_queues() { leaves_queues_.store(true, std::memory_order_relaxed); }
  bool leaves_queues() const { return leaves_queues_.load(std::memory_order_relaxed); }

  // At the end: lets no further handshake begin, and has `turn` take whoever has begun one; it takes at most `ms_max`.
  // `turn` says whether it found the source empty. Queues that are to be left are left as they are.
  void close(uint64_t ms_max, const std::function<bool(Source&)>& turn);

  void stop();
  bool is_stopping() const { return is_stopping_.load(std::memory_order_acquire); }
  // Readable from stop() on.
  int stop_fd() const { return stop_fd_.get(); }

  // The last stamp.
  uint64_t now_ns() const { return now_ns_; }
  AcceptStats& stats() { return stats_; }
  // Of connections that were refused before anyone took them.
  const RecordRing& records() const { return records_; }

 private:
  // What is known of a connection that was just accepted, but for its peer.
  Arrival describe(int fd, const Source& source, uint64_t accept_begin_ns);
  KernelWait sample_kernel_wait(int fd, const Source& source);

  std::vector<Source> sources_;
  std::vector<pollfd> polls_;  // of the sources, in order, and of stop_fd_
  Refuser& refuser_;
  RoomSignal& room_;
  DescriptorReserve reserve_;
  Descriptor stop_fd_;
  std::atomic<bool> is_stopping_ = false;
  std::atomic<bool> leaves_queues_ = false;
  AcceptStats stats_;
  RecordRing records_;
  uint64_t now_ns_ = 0;  // an accept begins where the one before it ended
};

}  // namespace ms::net
