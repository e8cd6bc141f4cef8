// Worker: takes connections out of the queue, one event at a time, and serves them. It does I/O and small requests and
// never blocks: what has to wait goes back into the lobby, or is parked until its letter comes.
//
// All workers are alike and share nothing but the queue. Figures are each worker's own; any thread may read them.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/histogram.h"
#include "base/thread.h"
#include "net/connection.h"
#include "net/connection_queue.h"
#include "net/refuser.h"
#include "net/session.h"

namespace ms::net {

// The stages of a request, each the time between two stamps (net/stamps.h).
enum class Stage {
  kAccept,   // in accept4
  kEnqueue,  // from accept4's return until it is in the queue
  kQueue,    // in the connection queue, until a worker takes it; includes the client's own delay in sending
  kReceive,  // from the first bytes to the complete request
  kCommit,   // from the complete request until what it wrote is durable
  kReply,    // from the complete or durable request until the reply is with the kernel
  kTotal,    // from the return of accept4, or a later request's first bytes, until the reply is with the kernel
};
inline constexpr size_t kStages = 7;
std::string_view stage_name(Stage stage);

struct WorkerStats {
  std::array<DurationHistogram, kStages> stages;
  Counter requests;          // answered, and the answer is with the kernel
  Counter connections;       // taken for the first time
  Counter broken;            // failed in the middle of a request or its reply
  Counter idle_timeouts;     // kept alive, and sent no further request in time
  Counter receive_timeouts;  // the rest of a request, or a first one, did not come in time
  Counter send_timeouts;     // a client took no bytes of its reply for the reply deadline
  Counter queue_timeouts;    // waited for a worker, with a request sent, beyond the header deadline: refused
};

// What all workers share. It outlives them.
struct WorkerContext {
  ConnectionQueue& queue;
  Refuser& refuser;
  SessionFactory& sessions;
  // A stop, where it is not 0: idle connections are closed, and silent ones that were accepted before this.
  std::atomic<uint64_t> idle_closed_before_ns = 0;
};

class Worker final : Connection::ReplyObserver {
 public:
  // A reply that makes no progress for this long is given up.
  static constexpr uint64_t kReplyDeadlineMs = 30'000;

  Worker(const std::string& name, WorkerContext& context);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  // ConnectionQueue::stop_workers() comes before.
  ~Worker() override = default;

  const WorkerStats& stats() const { return stats_; }
  // Waits for the thread's end; ConnectionQueue::stop_workers() comes before.
  void join() { thread_.join(); }

 private:
  void run();
  void on_reply(const Connection& connection) override;
  void serve(int fd);
  void deliver_mail();
  // Looks at every waiting connection: those whose deadline has passed, and at a stop those that are idle.
  void sweep();
  void expire(int fd, Slot& slot);
  void close_if_idle(int fd, Slot& slot);
  Connection& meet(int fd, Slot& slot, uint64_t now_ns);
  void settle(Connection& connection, Connection::Rest rest);

  WorkerContext& context_;
  ConnectionQueue& queue_;
  WorkerStats stats_;
  std::vector<char> buffer_;
  std::vector<Connection*> letters_;
  Thread thread_;
};

}  // namespace ms::net
