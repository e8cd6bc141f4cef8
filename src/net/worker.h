// Worker: a thread that takes connections out of the queue and serves them.
//
// It takes up to ConnectionQueue::kEventsMax events in one system call while they are short (BatchSize).
//
// All workers are alike and share nothing but the queue.
#pragma once

#include <cstdint>

#include "base/thread.h"
#include "net/connection_server.h"

namespace ms::net {

class Worker {
 public:
  // `number`: 1 for the first.
  Worker(uint16_t number, ServingContext& context);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  // ConnectionQueue::stop_workers() comes before.
  ~Worker() = default;

  // What it does and has done; any thread may ask.
  const ConnectionServer& server() const { return server_; }
  // Waits for the thread's end; ConnectionQueue::stop_workers() comes before.
  void join() { thread_.join(); }

 private:
  void run();
  // False: it is to end.
  bool handle(const ConnectionQueue::Event& event);

  ConnectionQueue& queue_;
  ConnectionServer server_;
  Thread thread_;
};

}  // namespace ms::net
