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

WorkPool::WorkPool(WorkPoolOptions options, const QueuePolicy* policy)
    : options_(std::move(options)), policy_(policy), figures_(options_.threads) {
  for (ThreadFigures& figures : figures_) {
    figures.activity.begin(0, monotonic_ns());
    const std::string number = std::to_string(threads_.size() + 1);
    threads_.emplace_back(options_.name + '-' + number, [this, &figures] { run(figures); });
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

void WorkPool::submit(Work work, http::Responder responder, uint64_t connection) {
  {
    const MutexLock lock(mutex_);
    if (queue_.size() < options_.queue_length_max) {
      queue_.push_back({std::move(work), std::move(responder), connection, monotonic_ns()});
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

std::vector<WorkPool::ThreadEntry> WorkPool::threads() const {
  const uint64_t now_ns = monotonic_ns();
  std::vector<ThreadEntry> entries;
  for (const ThreadFigures& figures : figures_) {
    const uint64_t since_ns = figures.activity.since_ns.load(std::memory_order_relaxed);
    entries.push_back({.connection = figures.activity.connection.load(std::memory_order_relaxed),
                       .since_ns = now_ns > since_ns ? now_ns - since_ns : 0,
                       .done = figures.done.load(std::memory_order_relaxed)});
  }
  return entries;
}

void WorkPool::run(ThreadFigures& figures) {
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
      figures.activity.begin(job.connection, monotonic_ns());
      run_job(job);
      figures.done.fetch_add(1, std::memory_order_relaxed);
      figures.activity.begin(0, monotonic_ns());
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
