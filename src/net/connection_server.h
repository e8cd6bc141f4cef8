// ConnectionServer: serves connections on the calling thread: takes one that has something to be done, does it, and
// puts it where it goes next. Each worker has one, and so have the sweeper and the inline loop.
//
// It never blocks: what has to wait goes back into the lobby, or is parked until its letter comes. A request that has
// waited too long for a worker is refused unread (base/overload.h), whether it is its connection's first or a later
// one.
//
// Confined to its thread, but for stats(), records() and the activity, which any thread may read.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/histogram.h"
#include "base/overload.h"
#include "net/connection.h"
#include "net/connection_queue.h"
#include "net/record_ring.h"
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

// A figure that is not counted here counts connections.
struct ServeStats {
  std::array<DurationHistogram, kStages> stages;
  Counter requests;          // answered, and the answer is with the kernel
  Counter connections;       // taken for the first time
  Counter broken;            // failed in the middle of a request or its reply
  Counter idle_timeouts;     // kept alive, and sent no further request in time
  Counter receive_timeouts;  // the rest of a request, or a first one, did not come in time
  Counter send_timeouts;     // a client took no bytes of its reply for the reply deadline
  Counter refused_age;       // requests, first or later ones, that waited for a worker for too long
};

// What a thread is doing, for those who watch.
struct Activity {
  std::atomic<uint64_t> connection = 0;  // the number of the one that it holds; 0: none, it is idle
  std::atomic<uint64_t> since_ns = 0;    // since when that is so; monotonic

  void begin(uint64_t number, uint64_t now_ns) {
    since_ns.store(now_ns, std::memory_order_relaxed);
    connection.store(number, std::memory_order_relaxed);
  }
};

// What all who serve share. It outlives them.
struct ServingContext {
  ConnectionQueue& queue;
  Refuser& refuser;
  RoomSignal& room;  // notified when a connection's descriptor has been closed
  SessionFactory& sessions;
  OverloadJudge& judge;
  size_t records_per_thread = 0;
  bool is_single_request = false;           // each connection ends after its first reply
  std::atomic<uint64_t> stop_begin_ns = 0;  // 0: no stop has begun; monotonic
};

class ConnectionServer final : Connection::ReplyObserver {
 public:
  // A reply that makes no progress for this long is given up.
  static constexpr uint64_t kReplyDeadlineMs = 30'000;
  // How long a stop waits for the next request of a connection that is kept alive, and for the first one of a
  // connection from its accept on: it is answered, and says that it was the last. A sender that pauses for less than
  // that never has its request cross the end of its connection.
  static constexpr uint64_t kIdleGraceMs = 250;

  // `worker`: the number that the records bear; 0 for none.
  ConnectionServer(ServingContext& context, uint16_t worker);

  // Does what there is to do for a connection in the lobby; nothing where another thread has it, or the descriptor is
  // another connection's by now.
  void serve(const ConnectionQueue::Event& event);
  // Takes letters and goes on with their connections.
  void deliver_mail();
  // For a connection that the caller has taken from the lobby, since its deadline has passed.
  void expire(int fd, Slot& slot);
  // Likewise, at a stop: ends it if no request of it is under way, or what goes on is a stream; else puts it back. One
  // that has been silent since its accept is ended where that was before `accepted_before_ns`.
  void end_if_idle(int fd, Slot& slot, uint64_t accepted_before_ns);
  // Refuses a connection in the lobby whose request has waited beyond the deadline for a worker.
  void refuse_if_overdue(int fd);

  uint16_t worker() const override { return worker_; }
  Activity& activity() { return activity_; }
  const Activity& activity() const { return activity_; }
  const ServeStats& stats() const { return stats_; }
  const RecordRing& records() const { return records_; }

 private:
  void on_reply(const Connection& connection) override;
  void record_stages(const Stamps& stamps, bool is_first);
  Connection& meet(int fd, Slot& slot, uint64_t now_ns);
  // `unanswered`: what became of the request under way, if the connection is closed without a reply to it.
  void settle(Connection& connection, Connection::Rest rest, Outcome unanswered);
  void refuse(int fd, Slot& slot, uint64_t now_ns);
  void write_record(const Slot& slot, int fd, Outcome outcome, uint64_t ended_ns);

  ServingContext& context_;
  ConnectionQueue& queue_;
  const uint16_t worker_;
  Activity activity_;
  ServeStats stats_;
  RecordRing records_;
  std::vector<char> buffer_;
  std::vector<Connection*> letters_;
};

}  // namespace ms::net
