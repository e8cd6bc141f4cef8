// Refuser: one thread that says goodbye to connections nobody will serve, so that they hear it.
//
// A close with unread bytes in the receive buffer makes the kernel send RST, and the client's kernel then throws away
// even the reply that has arrived. So each connection here gets its last words, FIN (shutdown), and then its bytes are
// read and dropped until the client closes too, or for at most a second.
//
// At a stop, which waits for it, it lingers for less with those who are quiet: whoever has all that was sent to him,
// FIN included, and sends nothing himself, is closed after a tenth of a second. Idle clients often do not look at their
// connections, and would make each stop last that second.
//
// The thread has a share of descriptors; when it is used up, the oldest is closed to make room (its bytes read first).
// Thread-safe.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/histogram.h"
#include "base/mutex.h"
#include "base/thread.h"
#include "net/descriptors.h"

namespace ms::net {

class Refuser {
 public:
  static constexpr uint64_t kLingerMs = 1000;
  // The same at a stop, with a client that is quiet.
  static constexpr uint64_t kQuietLingerMs = 100;
  // Handed over and not taken up yet, beyond the share.
  static constexpr size_t kBehindMax = 64;

  // `refusal` is what refuse() sends. `share` is how many descriptors it may hold, at least 1. `room` is notified when
  // it has closed some, or has caught up. They outlive the refuser.
  static Result<std::unique_ptr<Refuser>> open(std::string_view refusal, size_t share, RoomSignal& room);
  ~Refuser();  // closes what is left

  // Takes the connection over; sends it the refusal first.
  void refuse(Descriptor fd);
  // Takes a connection over whose last words have been sent.
  void linger(Descriptor fd);
  // A stop has begun: from now on quiet clients are closed earlier.
  void hurry();
  // Waits until nothing is left, which takes at most kLingerMs if nothing more comes.
  void wait_until_empty();

  // Whether more connections wait to be refused than the thread has got round to: the accept loop pauses then, and
  // leaves who comes in the kernel's queue.
  bool is_behind() const { return held() > share_ + kBehindMax; }

  uint64_t held() const { return held_.load(std::memory_order_relaxed); }
  uint64_t evictions() const { return evictions_.value(); }

 private:
  struct Arrival {
    Descriptor fd;
    bool is_refused;
  };
  struct Departure {
    int fd;
    uint64_t number;
    uint64_t deadline_ns;
  };
  // A connection that is being seen off. Descriptors are used again; `number` tells an old departure from a new one.
  struct Guest {
    Descriptor fd;
    uint64_t number;
    uint64_t quiet_since_ns;  // it came, or its last bytes did; monotonic
  };

  Refuser(Descriptor epoll_fd, Descriptor wake_fd, std::string_view refusal, size_t share, RoomSignal& room);
  void hand_over(Arrival arrival);
  void run();
  void admit(Arrival arrival, uint64_t now_ns);
  void close_guest(int fd);
  void close_expired(uint64_t now_ns);
  void close_quiet(uint64_t now_ns);
  void close_oldest();
  // Closes the guest of the next departure; false where the client closed before.
  bool close_next();
  int wait_ms(uint64_t now_ns, bool is_hurried) const;
  // Whether the client has closed, after reading all there is.
  static bool drain(int fd);

  Descriptor epoll_fd_;
  Descriptor wake_fd_;
  const std::string_view refusal_;
  const size_t share_;
  RoomSignal& room_;
  std::atomic<uint64_t> held_ = 0;  // handed over and not closed yet
  Counter evictions_;

  Mutex mutex_;
  std::vector<Arrival> arrivals_ MS_GUARDED_BY(mutex_);
  bool is_hurried_ MS_GUARDED_BY(mutex_) = false;
  bool is_stopping_ MS_GUARDED_BY(mutex_) = false;

  // The thread's own:
  std::unordered_map<int, Guest> guests_;
  std::deque<Departure> departures_;  // oldest first
  uint64_t next_number_ = 0;

  Thread thread_;
};

}  // namespace ms::net
