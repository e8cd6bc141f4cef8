// Sweeper: a thread that looks at every waiting connection twice a second: those whose deadline has passed get their
// last word, and at a stop those that are idle are ended once their grace is over (ConnectionServer::kIdleGraceMs).
//
// While every worker is busy it also looks for requests that have waited for one beyond the policy's deadline, and
// refuses them: that holds even where no worker comes back to look. While one of them rests nothing waits, and the
// judge is told so: else an overload would last until somebody comes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/histogram.h"
#include "base/mutex.h"
#include "base/thread.h"
#include "net/connection_server.h"
#include "net/worker.h"

namespace ms::net {

class Sweeper {
 public:
  // `workers` are those that may be busy; they outlive it.
  Sweeper(ServingContext& context, const std::vector<std::unique_ptr<Worker>>& workers);
  Sweeper(const Sweeper&) = delete;
  Sweeper& operator=(const Sweeper&) = delete;
  ~Sweeper() { stop(); }

  // Looks a hundred times a second from now on: for a stop, which waits for it.
  void hurry();
  // Ends the thread.
  void stop();

  // How long to rest after a look that took so long. It costs system calls for each connection that waits: at most a
  // tenth of a core, but for looks longer than a ninth of kRestNsMax. A watchdog waits for the next look (net/pulse.h),
  // and must not take the rest for a standstill.
  static constexpr uint64_t kRestNsMax = kNanosPerSecond;
  static constexpr uint64_t rest_ns(uint64_t look_ns) { return std::min(kRestFactor * look_ns, kRestNsMax); }

  const ConnectionServer& server() const { return server_; }
  // How often it has looked. Thread-safe.
  uint64_t looks() const { return looks_.value(); }

 private:
  static constexpr uint64_t kRestFactor = 9;

  void run();
  // Waits for the next look; false at the end.
  bool wait();
  void sweep();
  // What the workers are doing now.
  enum class Workers { kBusy, kBetween, kAtRest };
  Workers look_at_workers(uint64_t now_ns) const;
  void refuse_overdue();

  ServingContext& context_;
  ConnectionTable& table_;
  const std::vector<std::unique_ptr<Worker>>& workers_;
  ConnectionServer server_;
  Counter looks_;
  uint64_t rest_ns_ = 0;  // after a look that took long

  Mutex mutex_;
  Condition changed_;
  bool is_hurried_ MS_GUARDED_BY(mutex_) = false;
  bool is_stopping_ MS_GUARDED_BY(mutex_) = false;

  Thread thread_;
};

}  // namespace ms::net
