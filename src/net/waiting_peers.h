// WaitingPeers: who waits in a listen queue, by address and port. The queue itself has only a depth to show, but each
// connection in it is a socket already: established, bound to the listener's address, and without an inode, since no
// accept has given it a file yet. So the kernel is asked for its sockets (sock_diag(7)), and the program that goes with
// the question lets only those of our port and address through.
//
// A look walks the whole network namespace's table of connections, inside the kernel: it is for a thread that has time,
// and only for a queue in which someone waits. With 60,000 connections that are gone, and still remembered (TIME_WAIT),
// it takes 10 ms; so looks are the rarer, the more they cost.
//
// Thread-safe, but for look().
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/thread.h"
#include "net/endpoint.h"
#include "net/listener.h"

namespace ms::net {

class WaitingPeers {
 public:
  static constexpr size_t kPeersMax = 64;
  static constexpr uint64_t kLookEveryNs = 200 * kNanosPerMilli;
  static constexpr uint64_t kCostShare = 200;

  // Who was there at the last look that found someone.
  struct Sighting {
    uint64_t seen_ns = 0;  // monotonic; 0: nobody ever was
    uint64_t total = 0;
    std::vector<Endpoint> peers;  // kPeersMax of them, in no order
  };

  // The listener outlives it. `cpu_ns` tells what the calling thread has spent.
  explicit WaitingPeers(const Listener& listener, uint64_t (*cpu_ns)() = thread_cpu_ns)
      : listener_(listener), cpu_ns_(cpu_ns) {}

  // Looks, unless it is too early after the last look. Where the kernel does not answer, nobody is seen. One thread.
  void look(uint64_t now_ns);
  Sighting last() const;

  // How long after the begin of a look that took so much CPU time the next one begins at the earliest: at most one part
  // in kCostShare of a CPU is spent, and there are at most five looks a second.
  static constexpr uint64_t interval_ns(uint64_t cost_ns) { return std::max(kLookEveryNs, kCostShare * cost_ns); }

 private:
  const Listener& listener_;
  uint64_t (*const cpu_ns_)();
  uint64_t next_look_ns_ = 0;  // of the thread that looks
  mutable Mutex mutex_;
  Sighting last_ MS_GUARDED_BY(mutex_);
};

}  // namespace ms::net
