#include "api/work_pool.h"

#include <sched.h>
#include <sys/resource.h>

#include <new>
#include <utility>

#include "base/clock.h"
#include "http/http_service.h"

namespace ms::api {
namespace {

// Of the calling thread. A sandbox that forbids it costs light requests their precedence, and nothing else.
void lower_priority() {
  constexpr int kNice = 10;
  const sched_param parameters{};
  sched_setscheduler(0, SCHED_BATCH, &parameters);
  setpriority(PRIO_PROCESS, 0, kNice);  // 0 is the thread, since Linux keeps the value for each
}

}  // namespace

WorkPool::WorkPool(WorkPoolOptions options, const QueuePolicy* policy) : options_(std::move(options)), policy_(policy) {
  for (size_t i = 1; i <= options_.threads; ++i) {
    threads_.emplace_back(options_.name + '-' + std::to_string(i), [this] { run(); });
  }
}

WorkPool::~WorkPool() {
  {
    const MutexLock lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  threads_.clear();
}

void WorkPool::submit(Work work, http::Responder responder) {
  {
    const MutexLock lock(mutex_);
    if (queue_.size() < options_.queue_length_max) {
      queue_.push_back({std::move(work), std::move(responder), monotonic_ns()});
      changed_.notify_one();
      return;
    }
    ++refused_full_;
  }
  std::move(responder).send(http::retry_later("too many requests like this one are waiting"));
}

WorkPool::Stats WorkPool::stats() const {
  const MutexLock lock(mutex_);
  return {queue_.size(), refused_full_, refused_age_.load(std::memory_order_relaxed)};
}

void WorkPool::run() {
  if (options_.is_background) lower_priority();
  MutexLock lock(mutex_);
  while (true) {
    while (queue_.empty() && !is_stopping_) changed_.wait(lock);
    if (queue_.empty()) return;
    Job job = std::move(queue_.front());
    queue_.pop_front();
    const bool is_wanted = !is_stopping_;
    lock.unlock();
    if (is_wanted) {
      run_job(job);
    } else {
      std::move(job.responder).send(http::retry_later("the server is stopping"));
    }
    job.work = nullptr;  // it goes before the lock is taken
    lock.lock();
  }
}

void WorkPool::run_job(Job& job) {
  if (policy_ != nullptr && monotonic_ns() - job.queued_ns > policy_->deadline_ns.load(std::memory_order_relaxed)) {
    refused_age_.fetch_add(1, std::memory_order_relaxed);
    return std::move(job.responder).send(http::retry_later("the request has waited too long to be worked on"));
  }
  try {
    job.work(job.responder);
  } catch (const std::bad_alloc&) {
    // What does not fit into memory is the one fault that work cannot see coming.
    if (job.responder.is_pending()) std::move(job.responder).send(http::retry_later("not enough memory"));
  }
}

}  // namespace ms::api
