// FrontDoor: the listeners, the accept loop, the connection queue, the workers and the refusing thread, put together.
//
//     kernel                         | front door
//     listen queue  [C3][C2][C1] ----|--> accept loop --> connection queue --> worker 1..N --> session
//                                    |                         |
//                                    |                         +--> refuser: 503, never silence
//
// Created and stopped by one thread; what tells of it, from stats() on, is thread-safe once it is started.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/histogram.h"
#include "base/log.h"
#include "net/accept_loop.h"
#include "net/connection_queue.h"
#include "net/door_sampler.h"
#include "net/inline_loop.h"
#include "net/kernel_counters.h"
#include "net/listener.h"
#include "net/pulse.h"
#include "net/refuser.h"
#include "net/session.h"
#include "net/socket_census.h"
#include "net/sweeper.h"
#include "net/worker.h"

namespace ms::net {

// How connections are served. Handlers and protocol are the same; it is a choice so that the difference can be
// measured.
enum class Architecture {
  kPool,    // an accept loop that only drains, a connection queue, workers
  kInline,  // one thread that accepts, answers one request, closes, and accepts again
};
// "pool", "inline".
std::string_view architecture_name(Architecture architecture);

struct FrontDoorOptions {
  Architecture architecture = Architecture::kPool;
  std::vector<std::string> addresses;  // see Listener::open
  int backlog = 0;                     // of each listener; 0 leaves an inherited one's as it is
  size_t workers = 8;                  // of the pool
  size_t descriptors_max = 0;          // RLIMIT_NOFILE; no accepted descriptor is at or above it
  size_t refuser_share = 0;            // descriptors for connections that are being refused
  uint64_t connections_max = 0;        // open at once
  uint64_t queue_max = 0;              // accepted and not yet taken by a worker
  uint64_t first_bytes_ms = 10'000;    // how long a connection may be silent
  size_t records_per_thread = 2048;    // that the recorder keeps; 0: it is off
};

// One look at all figures.
struct FrontDoorStats {
  struct Quantiles {
    uint64_t p50_ns = 0;
    uint64_t p99_ns = 0;
  };
  struct Queue {
    std::string address;
    ListenQueue queue;
  };
  std::vector<Queue> listen_queues;
  NamespaceCounters kernel;
  uint64_t listen_depth_samples = 0;
  uint64_t listen_depth_sum = 0;
  uint64_t listen_depth_max = 0;
  uint64_t accepted = 0;
  uint64_t accept_failures = 0;
  uint64_t accept_pauses = 0;
  Quantiles accept;  // of AcceptStats::accept_ns
  uint64_t kernel_waits_sampled = 0;
  Quantiles kernel_wait_at_least;  // bounds of the wait in the listen queue (net/record.h)
  Quantiles kernel_wait_at_most;
  uint64_t accept_cpu_ns = 0;
  uint64_t refused_connections = 0;
  uint64_t refused_queue = 0;
  uint64_t refused_descriptors = 0;
  uint64_t refused_age = 0;
  uint64_t refuser_held = 0;
  uint64_t refuser_evictions = 0;
  uint64_t queue_length = 0;
  uint64_t queue_age_ns = 0;
  uint64_t queue_max = 0;
  uint64_t queue_target_ns = 0;
  uint64_t queue_deadline_ns = 0;
  bool is_overloaded = false;
  uint64_t overloads = 0;
  uint64_t open_connections = 0;
  uint64_t connections_max = 0;
  uint64_t requests = 0;
  uint64_t connections_served = 0;
  uint64_t broken = 0;
  uint64_t idle_timeouts = 0;
  uint64_t receive_timeouts = 0;
  uint64_t send_timeouts = 0;
  std::array<DurationHistogram::Snapshot, kStages> stages;
};

struct FrontDoorState;  // net/front_door_state.h

class FrontDoor {
 public:
  // Asked where somebody else has an address, with the error that says so: true tries the same address again.
  using Patience = std::function<bool(const Error&)>;

  // Binds and listens, but accepts nothing yet: who connects waits in the kernel. `inherited`: sockets that listen
  // already; where there are some, they take the place of the options' addresses.
  static Result<std::unique_ptr<FrontDoor>> open(const FrontDoorOptions& options,
                                                 std::vector<Descriptor> inherited = {}, const Patience& patience = {});
  FrontDoor(const FrontDoor&) = delete;
  FrontDoor& operator=(const FrontDoor&) = delete;
  // Closes what is left. The threads that wake parked sessions have ended, or wake none any more.
  ~FrontDoor();

  const FrontDoorOptions& options() const { return options_; }
  const std::vector<Listener>& listeners() const { return listeners_; }

  // Starts the threads. `sessions`, `policy` and `log` outlive the front door; without `log`, overload is not logged.
  Result<void> start(SessionFactory& sessions, const QueuePolicy& policy, const Logger* log = nullptr);

  // Before stop(): the listening sockets outlive us, as inherited ones do, and who waits in their queues is a
  // successor's. Else those are accepted and answered.
  void leave_queues();

  // Ends idle connections once they have had their grace, then stops accepting, waits until every request in hand is
  // answered, and ends the workers: no session is called any more. Takes at most `timeout_ms`, but for the 100 ms that
  // handshakes under way get, and a second for clients that are being refused. Listening sockets whose queues are not
  // left drop SYNs from then on, and are open until the front door is gone, so that whoever connects waits for a
  // successor instead of being refused; but where requests in hand take longer than two seconds, no longer than that.
  // Returns the number of connections that were left.
  uint64_t stop(uint64_t timeout_ms);

  FrontDoorStats stats();
  // Lists at most `entries_max` sockets, and as many entries of the queue.
  FrontDoorState state(size_t entries_max = SocketCensus::kEntriesMax);
  // For a watchdog.
  Pulse pulse() const;
  // Connections accepted so far: the number of the newest.
  uint64_t accepted() const { return acceptor_->stats().accepted.value(); }
  // The records of the last requests and connections, in no order, of connections whose number is above `since`.
  std::vector<Record> records(uint64_t since = 0) const;
  // How far a reader of the records has come, in each thread's ring; empty: nowhere yet.
  using RecordCursor = std::vector<uint64_t>;
  // Appends the records that were written since `cursor`, and moves it on. What a ring has written over is lost.
  void read_records(RecordCursor& cursor, std::vector<Record>& records) const;
  // May be changed while it runs.
  AcceptBounds& bounds() { return bounds_; }

 private:
  FrontDoor(const FrontDoorOptions& options, std::vector<Listener> listeners, std::unique_ptr<ConnectionQueue> queue);
  void start_pool();
  void stop_pool(uint64_t timeout_ms);
  // Whether there is no connection, not even one that is being refused.
  bool is_empty() const;
  // The parts that serve, whichever there are.
  std::vector<const ConnectionServer*> servers() const;
  static void add_serve_stats(const ServeStats& from, FrontDoorStats& to);
  DoorSampler::Figures sampled_figures() const;

  const FrontDoorOptions options_;
  std::vector<Listener> listeners_;
  std::unique_ptr<ConnectionQueue> queue_;
  KernelCounters kernel_counters_;
  std::unique_ptr<RoomSignal> room_;
  std::unique_ptr<Refuser> refuser_;
  AcceptBounds bounds_;
  std::optional<OverloadJudge> judge_;
  std::unique_ptr<ServingContext> serving_;
  std::unique_ptr<Acceptor> acceptor_;
  // Of the pool:
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<Sweeper> sweeper_;
  std::unique_ptr<AcceptLoop> accept_loop_;
  // The other architecture:
  std::unique_ptr<InlineLoop> inline_loop_;
  std::unique_ptr<DoorSampler> sampler_;
};

}  // namespace ms::net
