// ConnectionTable: one slot for each descriptor, from accept to close. The slot's phase says who may touch the
// connection; it changes hands by one atomic step, so that no two threads ever hold it at once:
//
//     kFree --(accept thread)--> kLobby --(worker: take_or_call)--> kTaken --(worker)--> kLobby or kFree
//                                                                   |    ^
//                                              another event's worker    the worker, who has the kernel look again
//                                                                   v    |
//                                                                  kCalled --(worker)--> kFree
//
// A parked connection stays kTaken or kCalled: its letter in the mailbox is the only way back to it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/error.h"
#include "net/endpoint.h"
#include "net/record.h"
#include "net/stamps.h"

namespace ms::net {

class Connection;

enum class Phase : uint8_t {
  kFree,    // no connection, or one that is the refusing thread's
  kLobby,   // waits in the lobby: nobody's
  kTaken,   // one thread's
  kCalled,  // one thread's, and an event of it has come in the meantime
};
inline bool is_held(Phase phase) { return phase == Phase::kTaken || phase == Phase::kCalled; }

// What a connection in the lobby waits for: bytes, or room to send.
enum class Direction : uint8_t { kRead, kWrite };

// What is known of a connection when it has been accepted, and does not change.
struct Arrival {
  uint64_t number = 0;  // 12 for C12
  uint64_t accept_begin_ns = 0;
  uint64_t accepted_ns = 0;
  Endpoint peer;
  Endpoint local;
  KernelWait kernel_wait;
};

struct Slot {
  std::atomic<Phase> phase = Phase::kFree;
  std::atomic<bool> is_served = false;                  // a worker has taken it before
  std::atomic<Direction> direction = Direction::kRead;  // valid in kLobby
  std::atomic<uint64_t> deadline_ns = 0;                // valid in kLobby
  std::atomic<uint64_t> number = 0;                     // the arrival's, for those who do not hold the connection
  std::atomic<uint64_t> accepted_ns = 0;                // likewise
  std::atomic<uint64_t> enqueued_ns = 0;                // 0 while the accept thread is still at it
  Arrival arrival;                                      // the holder's; written before the first kLobby
  Connection* connection = nullptr;                     // the holder's; null until first taken

  // Whether the caller has it now. Fails where another thread was first.
  bool try_take() { return try_step(Phase::kLobby, Phase::kTaken); }

  // The same for a caller to whom the kernel has told an event, which it does not tell again: a thread that holds the
  // connection learns of it when it puts it back. Fails for a stale event, too.
  bool take_or_call() {
    while (true) {
      if (try_take()) return true;
      if (try_step(Phase::kTaken, Phase::kCalled)) return false;
      const Phase now = phase.load(std::memory_order_relaxed);
      if (now == Phase::kFree || now == Phase::kCalled) return false;
    }
  }

  bool try_step(Phase from, Phase to) { return phase.compare_exchange_strong(from, to, std::memory_order_acq_rel); }
};

// Address space for every slot is reserved at once; memory is used up to the highest descriptor seen. The accept thread
// calls claim(); everything else is thread-safe.
class ConnectionTable {
 public:
  static Result<std::unique_ptr<ConnectionTable>> open(size_t descriptors_max);
  ConnectionTable(const ConnectionTable&) = delete;
  ConnectionTable& operator=(const ConnectionTable&) = delete;
  ~ConnectionTable();

  // The slot of a descriptor that has just been accepted.
  Slot& claim(int fd);
  // The slot of a descriptor that was claimed before.
  Slot& at(int fd) { return slots_[fd]; }
  // Descriptors at or above this have never been claimed.
  size_t end() const { return end_.load(std::memory_order_acquire); }

 private:
  ConnectionTable(Slot* slots, size_t capacity) : slots_(slots), capacity_(capacity) {}

  Slot* slots_;
  size_t capacity_;
  std::atomic<size_t> end_ = 0;
};

}  // namespace ms::net
