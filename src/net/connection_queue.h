// ConnectionQueue: where every connection waits that needs no thread, and where idle workers wait for one.
//
// It is a *lobby*: one epoll set of all connections, edge-triggered. The accept loop puts a connection in with a stamp
// and one epoll_ctl; the kernel wakes one worker, once, when there are bytes. A connection that a worker is done with
// for the moment (a partial request, a keep-alive pause, a full send buffer) goes back into the same lobby, so the next
// free worker takes it on: waiting stays where it is seen, a busy worker strands nobody, and a slow client holds no
// thread. Workers take few events at a time for the same reason, and only while they are quickly done with them.
//
// What comes while a worker has the connection is told to another one, who only leaves word in the slot (kCalled). So a
// connection goes back without a system call, except where there is such word, where it now waits for the other
// direction, or where not all was read: then the kernel is asked to look, and tells once more.
//
// Length and age of the queue come from the stamps in the slots: a connection that was accepted and that no worker has
// taken yet counts.
//
// Thread-safe, but enter() and enqueue(), which are the accept thread's.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include "base/descriptor.h"
#include "base/error.h"
#include "net/connection_table.h"
#include "net/mailbox.h"

namespace ms::net {

class ConnectionQueue {
 public:
  // The most that a worker takes at a time.
  static constexpr size_t kEventsMax = 8;

  // What a worker is woken for.
  struct Event {
    enum class Kind {
      kConnection,  // `fd` has bytes, has room for bytes, or has ended
      kMail,        // the mailbox has letters
      kStop,        // the worker ends
    };
    Kind kind = Kind::kStop;
    int fd = -1;
    uint64_t number = 0;   // of the connection that the event is for: the descriptor may be another's by now
    bool is_last = false;  // nothing comes behind the bytes that are there: the client has ended its side
  };

  static Result<std::unique_ptr<ConnectionQueue>> open(size_t descriptors_max);

  // Enters a connection that was just accepted into the table, as one in the lobby; but no event will come of it: the
  // caller waits for its bytes itself.
  void enter(int fd, const Arrival& arrival, uint64_t deadline_ns);
  // Puts a connection that was just accepted into the lobby; it may wait there until `deadline_ns` for its first bytes.
  // False: the kernel would not take it, and the caller still owns the descriptor.
  bool enqueue(int fd, const Arrival& arrival, uint64_t deadline_ns);
  // Gives a connection back to the lobby; the caller no longer holds it. `may_have_unread`: there may be bytes that the
  // caller has been told of, and has not read.
  void put_back(int fd, Direction direction, uint64_t deadline_ns, bool may_have_unread = false);
  // Takes a connection that the caller holds out for good: its slot is free and no longer counted, and the descriptor
  // is the caller's to close.
  void remove(int fd);
  // The same, and the descriptor is the caller's to hand on: nothing of it is told here any more.
  void hand_over(int fd);
  // Notes that a worker takes a connection for the first time.
  void mark_served(Slot& slot);

  // Blocks until there is something to do, and returns as much of it as fits. What it returns is told to nobody else.
  std::span<const Event> wait(std::span<Event> events);
  // Every wait() answers kStop from now on.
  void stop_workers();

  ConnectionTable& table() { return *table_; }
  Mailbox& mailbox() { return *mailbox_; }

  uint64_t open_connections() const { return open_.load(std::memory_order_relaxed); }
  // Connections that no worker has taken yet.
  uint64_t length() const { return waiting_.load(std::memory_order_relaxed); }
  // How long the oldest of them has waited, in nanoseconds; 0 where there is none. Looks at every slot.
  uint64_t oldest_age_ns(uint64_t now_ns);

 private:
  ConnectionQueue(Descriptor epoll_fd, Descriptor stop_fd, std::unique_ptr<ConnectionTable> table,
                  std::unique_ptr<Mailbox> mailbox);
  // Has the kernel look whether there is what the connection waits for, and tell it, now or later.
  void ask(int fd, Direction direction, uint64_t number);

  Descriptor epoll_fd_;
  Descriptor stop_fd_;
  std::unique_ptr<ConnectionTable> table_;
  std::unique_ptr<Mailbox> mailbox_;
  std::atomic<uint64_t> open_ = 0;
  std::atomic<uint64_t> waiting_ = 0;
};

}  // namespace ms::net
