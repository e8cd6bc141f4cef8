// WorkPool: threads for what would hold up a worker. There are three: for queries, for looks at the front door, and for
// heavy bodies, which are decompressed, parsed and looked up there. Work waits for a thread in a bounded queue; when
// the queue is full, or it has waited beyond a deadline, its request is answered 503 with Retry-After. The wait alone
// is no reason to refuse earlier: senders of large bodies wait for one reply before they send the next body, so a few
// of them keep the queue filled for good, and a refused body has to be sent, received and held once more.
//
// The threads for heavy bodies run at a low priority and in long slices, so that the kernel lets every light request go
// first: a compressed block or a JSON document is read in one go, and only the kernel can interrupt that.
//
// Thread-safe. The destructor refuses what is queued, lets finish what runs, and joins.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/overload.h"
#include "base/thread.h"
#include "http/handler.h"
#include "net/connection_server.h"

namespace ms::api {

struct WorkPoolOptions {
  std::string name;  // "query": the threads are query-1, query-2, ...
  size_t threads = 1;
  size_t queue_length_max = 64;
  // Runs only where others leave room: SCHED_BATCH, nice 10.
  bool is_background = false;
};

class WorkPool {
 public:
  // Answers `responder`, or moves it to where it will be answered. Where memory runs out before that, the pool answers.
  using Work = std::move_only_function<void(http::Responder& responder)>;

  struct Stats {
    size_t queue_length = 0;    // gauge: requests that wait for a thread
    uint64_t refused_full = 0;  // since the start: the queue was full
    uint64_t refused_age = 0;   // since the start: waited too long
  };

  // What a thread is doing.
  struct ThreadEntry {
    uint64_t connection = 0;  // the number of the one whose request it works on; 0: it is idle
    uint64_t since_ns = 0;    // how long that has been so
    uint64_t done = 0;        // requests that it has worked on since the start
  };

  // What has waited longer than the deadline of `policy` is refused, nothing where it is null; it outlives the pool.
  explicit WorkPool(WorkPoolOptions options, const QueuePolicy* policy = nullptr);
  WorkPool(const WorkPool&) = delete;
  WorkPool& operator=(const WorkPool&) = delete;
  ~WorkPool();

  // Has a thread run `work`; or refuses at once. `connection`: the request's, for threads().
  void submit(Work work, http::Responder responder, uint64_t connection = 0);

  Stats stats() const;
  std::vector<ThreadEntry> threads() const;
  size_t queue_length_max() const { return options_.queue_length_max; }

 private:
  struct Job {
    Work work;
    http::Responder responder;
    uint64_t connection;
    uint64_t queued_ns;
  };
  struct ThreadFigures {
    net::Activity activity;
    std::atomic<uint64_t> done = 0;
  };

  void run(ThreadFigures& figures);
  void run_job(Job& job);

  const WorkPoolOptions options_;
  const QueuePolicy* const policy_;
  std::atomic<uint64_t> refused_age_ = 0;

  mutable Mutex mutex_;
  Condition changed_;
  std::deque<Job> queue_ MS_GUARDED_BY(mutex_);
  uint64_t refused_full_ MS_GUARDED_BY(mutex_) = 0;
  bool is_stopping_ MS_GUARDED_BY(mutex_) = false;

  std::vector<ThreadFigures> figures_;  // of each thread
  std::vector<Thread> threads_;
};

}  // namespace ms::api
