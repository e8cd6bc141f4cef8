// ListenQueueProbe: the depth of another process's listen queue, sampled every millisecond on a thread of its own.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/descriptor.h"
#include "base/thread.h"
#include "load/http_target.h"

namespace ms::load {

// A socket that listens in our network namespace, as sock_diag(7) tells of it.
struct ListeningSocket {
  uint64_t inode = 0;
  uint32_t depth = 0;  // of its listen queue, now
  uint32_t limit = 0;  // its backlog
  uint8_t family = 0;
  std::array<uint32_t, 4> address{};  // in network order; of AF_INET the first of them
};

// Those that a client of the target may reach: several where they share an address (SO_REUSEPORT). None where the
// target is another machine, or the kernel does not say.
std::vector<ListeningSocket> find_listening_sockets(const Target& target);

class ListenQueueProbe {
 public:
  struct Depths {
    double mean = 0;  // over time
    uint32_t max = 0;
    uint32_t limit = 0;
    uint64_t samples = 0;  // 0: nobody listens there in our network namespace, or it is another machine
  };

  // Of the socket that listens where `target` leads to. Where several do (SO_REUSEPORT), of one of them.
  explicit ListenQueueProbe(const Target& target);
  ~ListenQueueProbe();

  // Ends the sampling, and tells what was seen; that is one sample at least where somebody listens. Once.
  Depths stop();

 private:
  void run();

  const Target target_;
  Descriptor netlink_;
  std::atomic<bool> is_stopping_ = false;
  uint64_t sum_ = 0;  // this and depths_ are the thread's own until it has ended
  Depths depths_;
  Thread thread_;
};

}  // namespace ms::load
