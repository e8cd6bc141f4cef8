// DoorSampler: a thread that looks at the front door ten times a second, for figures that are rates or that the busy
// threads have no time for: how fast it drains, who waits in a listen queue with anyone in it, and when overload begins
// and ends, which it logs.
//
// Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"
#include "base/thread.h"
#include "net/drain_meter.h"
#include "net/listener.h"
#include "net/waiting_peers.h"

namespace ms::net {

class DoorSampler {
 public:
  // What it looks at, besides the listen queues.
  struct Figures {
    uint64_t accepted = 0;  // connections, since the start: the number of the newest
    uint64_t refused_age = 0;
    bool is_overloaded = false;
    uint64_t overloads = 0;
    uint64_t queue_target_ns = 0;
  };

  // `read` is called by the thread until the destructor returns. `log` may be null; what it points to and the listeners
  // outlive this.
  DoorSampler(const std::vector<Listener>& listeners, std::function<Figures()> read, const Logger* log);
  DoorSampler(const DoorSampler&) = delete;
  DoorSampler& operator=(const DoorSampler&) = delete;
  ~DoorSampler();

  DrainMeter::Rates rates() const;
  // Who was seen in each listener's queue, in their order.
  std::vector<WaitingPeers::Sighting> waiting() const;
  // When it began; monotonic.
  uint64_t started_ns() const { return started_ns_; }

 private:
  void run();
  // Waits for the next look; false at the end.
  bool wait(uint64_t until_ns);
  void look(const Figures& figures);
  void log_overload(const Figures& figures);

  const std::vector<Listener>& listeners_;
  const std::function<Figures()> read_;
  const Logger* const log_;
  const uint64_t started_ns_;
  std::vector<std::unique_ptr<WaitingPeers>> waiting_;  // one for each listener

  mutable Mutex mutex_;
  Condition changed_;
  DrainMeter meter_ MS_GUARDED_BY(mutex_);
  bool is_stopping_ MS_GUARDED_BY(mutex_) = false;

  // The thread's own: what it saw last, and the overload that it has logged the beginning of.
  Figures last_;
  bool is_in_overload_ = false;
  uint64_t overload_began_ns_ = 0;
  uint64_t refused_before_ = 0;

  Thread thread_;
};

}  // namespace ms::net
