// QueryPool: the threads that queries run on, so that none holds up a worker. A query waits for a thread in a bounded
// queue; when the queue is full the next one is answered 503 with Retry-After.
//
// Thread-safe. The destructor refuses what is queued, lets finish what runs, and joins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "base/mutex.h"
#include "base/thread.h"
#include "http/handler.h"
#include "http/message.h"

namespace ms::api {

class QueryPool {
 public:
  using Work = std::move_only_function<http::Response()>;

  struct Stats {
    size_t queue_length = 0;     // gauge: queries that wait for a thread
    uint64_t refused_total = 0;  // since the start: the queue was full
  };

  static constexpr size_t kQueueLengthMax = 64;

  // At least one thread; they are named query-1, query-2, ...
  explicit QueryPool(size_t threads);
  ~QueryPool();

  // Has a thread run `work` and send what it returns; or refuses at once.
  void submit(Work work, http::Responder responder);

  Stats stats() const;

 private:
  struct Query {
    Work work;
    http::Responder responder;
  };

  void run();

  mutable Mutex mutex_;
  Condition changed_;
  std::deque<Query> queue_ MS_GUARDED_BY(mutex_);
  uint64_t refused_total_ MS_GUARDED_BY(mutex_) = 0;
  bool is_stopping_ MS_GUARDED_BY(mutex_) = false;

  std::vector<Thread> threads_;
};

}  // namespace ms::api
