#include "api/start_gate.h"

#include <chrono>
#include <utility>
#include <variant>

#include "base/clock.h"
#include "http/http_service.h"

namespace ms::api {
namespace {

void refuse(http::Responder responder) {
  std::move(responder).send(http::retry_later("starting: the store is being opened"));
}

void answer(const http::Router& router, http::Request& request, http::Responder responder) {
  auto found = router.find(request);
  if (http::Response* refusal = std::get_if<http::Response>(&found)) {
    return std::move(responder).send(std::move(*refusal));
  }
  std::get<const http::Route*>(found)->handler(request, std::move(responder));
}

}  // namespace

StartGate::StartGate(const QueuePolicy& policy) : policy_(policy), thread_("start-gate", [this] { run(); }) {}

void StartGate::enter(http::Request& request, http::Responder responder) {
  const http::Router* router = nullptr;
  {
    const MutexLock lock(mutex_);
    if (state_ == State::kShut) {
      const uint64_t deadline_ns = monotonic_ns() + policy_.deadline_ns.load(std::memory_order_relaxed);
      waiting_.push_back({std::move(request), std::move(responder), deadline_ns});
      if (waiting_.size() == 1) changed_.notify_all();
      return;
    }
    router = router_;
  }
  if (router == nullptr) return refuse(std::move(responder));
  answer(*router, request, std::move(responder));
}

std::deque<StartGate::Waiting> StartGate::leave(State state, const http::Router* router) {
  std::deque<Waiting> waiting;
  {
    const MutexLock lock(mutex_);
    if (state_ != State::kShut) return waiting;
    state_ = state;
    router_ = router;
    waiting.swap(waiting_);
  }
  changed_.notify_all();
  thread_.join();
  return waiting;
}

StartGate::Counts StartGate::open(const http::Router& router) {
  std::deque<Waiting> waiting = leave(State::kOpen, &router);
  for (Waiting& one : waiting) answer(router, one.request, std::move(one.responder));
  const MutexLock lock(mutex_);
  return {.passed = waiting.size(), .refused = refused_};
}

void StartGate::close() {
  for (Waiting& one : leave(State::kClosed, nullptr)) refuse(std::move(one.responder));
}

void StartGate::run() {
  MutexLock lock(mutex_);
  while (state_ == State::kShut) {
    if (waiting_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const uint64_t now_ns = monotonic_ns();
    if (const uint64_t deadline_ns = waiting_.front().deadline_ns; now_ns < deadline_ns) {
      changed_.wait_for(lock, std::chrono::nanoseconds(deadline_ns - now_ns));
      continue;
    }
    Waiting late = std::move(waiting_.front());
    waiting_.pop_front();
    ++refused_;
    lock.unlock();
    refuse(std::move(late.responder));
    lock.lock();
  }
}

}  // namespace ms::api
