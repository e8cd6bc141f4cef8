#include "api/query_pool.h"

#include <new>
#include <string>
#include <utility>

#include "http/http_service.h"

namespace ms::api {
namespace {

// A result that does not fit into memory is the one fault that a query cannot see coming.
http::Response answer(QueryPool::Work& work) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return http::retry_later("not enough memory for the query");
  }
}

}  // namespace

QueryPool::QueryPool(size_t threads) {
  for (size_t i = 1; i <= threads; ++i) threads_.emplace_back("query-" + std::to_string(i), [this] { run(); });
}

QueryPool::~QueryPool() {
  {
    const MutexLock lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  threads_.clear();
}

void QueryPool::submit(Work work, http::Responder responder) {
  {
    const MutexLock lock(mutex_);
    if (queue_.size() < kQueueLengthMax) {
      queue_.push_back({std::move(work), std::move(responder)});
      changed_.notify_one();
      return;
    }
    ++refused_total_;
  }
  std::move(responder).send(http::retry_later("too many queries are waiting"));
}

QueryPool::Stats QueryPool::stats() const {
  const MutexLock lock(mutex_);
  return {queue_.size(), refused_total_};
}

void QueryPool::run() {
  MutexLock lock(mutex_);
  while (true) {
    while (queue_.empty() && !is_stopping_) changed_.wait(lock);
    if (queue_.empty()) return;
    Query query = std::move(queue_.front());
    queue_.pop_front();
    const bool is_wanted = !is_stopping_;
    lock.unlock();
    std::move(query.responder).send(is_wanted ? answer(query.work) : http::retry_later("the server is stopping"));
    query.work = nullptr;  // it goes before the lock is taken
    lock.lock();
  }
}

}  // namespace ms::api
