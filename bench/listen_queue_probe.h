// ListenQueueProbe: the depth of another process's listen queue, sampled every millisecond on a thread of its own.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/thread.h"

namespace ms::bench {

class ListenQueueProbe {
 public:
  struct Depths {
    double mean = 0;  // over time
    uint32_t max = 0;
    uint64_t samples = 0;
  };

  // Of the socket that listens on that port of 127.0.0.1.
  explicit ListenQueueProbe(uint16_t port);
  // Ends the sampling. Once.
  Depths stop();

 private:
  void run();

  const uint16_t port_;
  Descriptor netlink_;
  std::atomic<bool> is_stopping_ = false;
  uint64_t sum_ = 0;
  Depths depths_;
  Thread thread_;
};

}  // namespace ms::bench
