// StartGate: where requests wait that need the store, while it is being opened.
//
// A server listens before it has read its log. Whoever comes in that time is not told at once to come back: he waits,
// as long as a request may wait for a worker (--queue-deadline), and is answered as soon as the store is open. So a
// restart that takes less than that refuses nobody here. All who wait are let in at once, and those who need a pool of
// threads go to its queue, which has its own bound: beyond that they are told to come back (503). A connection has one
// request here at most, and its body is charged to the budget of bodies: no more wait than these two allow.
//
// Thread-safe. A thread of its own refuses those who have waited too long; it ends when the gate opens or closes.
#pragma once

#include <cstdint>
#include <deque>

#include "base/mutex.h"
#include "base/overload.h"
#include "base/thread.h"
#include "http/handler.h"

namespace ms::api {

class StartGate {
 public:
  struct Counts {
    uint64_t passed = 0;   // waited, and were answered by the routes of the open store
    uint64_t refused = 0;  // waited too long
  };

  // `policy` outlives it.
  explicit StartGate(const QueuePolicy& policy);
  StartGate(const StartGate&) = delete;
  StartGate& operator=(const StartGate&) = delete;
  ~StartGate() { close(); }

  // A handler: keeps the request until the gate opens, or refuses it. One that comes later is answered at once.
  void enter(http::Request& request, http::Responder responder);
  // Has all who wait answered by `router`, on the calling thread, and all who still come. It outlives the gate. Once.
  Counts open(const http::Router& router);
  // Where it never opened: refuses all who wait, and all who still come.
  void close();

 private:
  struct Waiting {
    http::Request request;
    http::Responder responder;
    uint64_t deadline_ns;  // monotonic
  };
  enum class State { kShut, kOpen, kClosed };

  void run();
  // Ends the waiting; those who waited.
  std::deque<Waiting> leave(State state, const http::Router* router);

  const QueuePolicy& policy_;
  Mutex mutex_;
  Condition changed_;
  State state_ MS_GUARDED_BY(mutex_) = State::kShut;
  const http::Router* router_ MS_GUARDED_BY(mutex_) = nullptr;  // once it is open
  std::deque<Waiting> waiting_ MS_GUARDED_BY(mutex_);           // in the order of their deadlines
  uint64_t refused_ MS_GUARDED_BY(mutex_) = 0;

  Thread thread_;
};

}  // namespace ms::api
