// The small protocol that the tests of the front door speak: a line asks, a line answers.
//
//     echo WORD     WORD
//     who           the number of the worker's thread
//     big N         N bytes of 'x' and the line's end
//     interim N     N bytes of '.' and the line's end, before the answer to the next line
//     stream N      "begun", and then N times '~' and a line's end, each time that the test calls wake_parked()
//     durable       "durable", with the stamp set
//     park          "woken", once the test calls wake_parked()
//     park last     the same, and it goes out with the end
//     early         "woken"; it is woken before it parks
//     race          "woken"; a thread of the test's wakes it at once, before or after it parks
//     block NAME    "released", once the test calls release(NAME); occupies its worker meanwhile
//     close         "bye", then closes
//     last N        N times 'x', which goes out with the end
//     linger        "bye", then lingers
//     drop          closes without a word
//
// Who is late is told "late" before the end, but for those who are idle; who is refused, "refused".
#pragma once

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/thread.h"
#include "net/session.h"

namespace ms::net {

class LineService final : public SessionFactory {
 public:
  LineService() {
    for (const char* name : {"wake-1", "wake-2"}) wakers_.emplace_back(name, [this] { wake_racers(); });
  }
  LineService(const LineService&) = delete;
  LineService& operator=(const LineService&) = delete;
  ~LineService() override { end_wakers(); }

  std::unique_ptr<Session> make(const SessionContext& context) override;
  std::string_view refusal() const override { return "refused\n"; }

  // The test's side.
  size_t parked() {
    const std::lock_guard lock(mutex_);
    return parked_.size();
  }
  void wake_parked() {
    std::vector<SessionWaker*> woken;
    {
      const std::lock_guard lock(mutex_);
      woken.swap(parked_);
    }
    for (SessionWaker* waker : woken) waker->wake();
  }
  void wait_until_blocked(const std::string& name) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return blocked_.contains(name); });
  }
  void release(const std::string& name) {
    {
      const std::lock_guard lock(mutex_);
      released_.insert(name);
    }
    changed_.notify_all();
  }

  // Ends the threads that wake racers, and whatever still blocks a worker; before the front door goes.
  void end_wakers() {
    {
      const std::lock_guard lock(mutex_);
      is_ending_ = true;
    }
    changed_.notify_all();
    for (Thread& waker : wakers_) waker.join();
  }

  // Set before the front door starts.
  uint64_t request_ms = 60'000;  // from a request's first bytes to its last
  uint64_t idle_ms = 60'000;

  // Calls of a session that met another call of it, on another thread: there must be none.
  std::atomic<uint64_t> collisions = 0;

  // The sessions' side.
  void park(SessionWaker& waker) {
    const std::lock_guard lock(mutex_);
    parked_.push_back(&waker);
  }
  void race(SessionWaker& waker) {
    {
      const std::lock_guard lock(mutex_);
      racers_.push_back(&waker);
    }
    changed_.notify_all();
  }
  void block(const std::string& name) {
    std::unique_lock lock(mutex_);
    blocked_.insert(name);
    changed_.notify_all();
    changed_.wait(lock, [&] { return is_ending_ || released_.contains(name); });
  }

 private:
  void wake_racers() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return is_ending_ || !racers_.empty(); });
      if (racers_.empty()) return;
      SessionWaker* waker = racers_.front();
      racers_.pop_front();
      lock.unlock();
      waker->wake();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  // Under mutex_:
  std::vector<SessionWaker*> parked_;
  std::deque<SessionWaker*> racers_;
  std::set<std::string> blocked_;
  std::set<std::string> released_;
  bool is_ending_ = false;

  std::vector<Thread> wakers_;
};

class LineSession final : public Session {
 public:
  LineSession(LineService& service, const SessionContext& context) : service_(service), context_(context) {}

  Want on_bytes(std::span<const char> bytes) override {
    const Call call(*this);
    input_.append(bytes.data(), bytes.size());
    return advance();
  }
  Want on_wake() override {
    const Call call(*this);
    if (stream_bytes_ > 0) {
      output_ = std::string(stream_bytes_, '~') + "\n";
      return Want::kStream;
    }
    answer("woken");
    return is_last_ ? Want::kWriteEnd : Want::kWrite;
  }
  Want on_sent() override {
    const Call call(*this);
    if (!std::exchange(is_interim_, false)) has_answered_ = true;
    output_.clear();
    if (stream_bytes_ > 0) {
      service_.park(context_.waker);
      return Want::kPark;
    }
    if (after_ == Want::kRead && context_.is_single_request) return input_.empty() ? Want::kClose : Want::kLinger;
    return after_ == Want::kRead ? advance() : after_;
  }
  Want on_end_of_input() override { return Want::kClose; }
  Want on_deadline() override {
    const Call call(*this);
    if (is_idle()) return Want::kClose;
    after_ = Want::kLinger;
    return answer("late");
  }
  std::string_view output() const override { return output_; }
  int reply_code() const override { return has_answered_ ? 1 : 0; }
  uint64_t deadline_ns() const override {
    return context_.stamps.taken_ns + (is_idle() ? service_.idle_ms : service_.request_ms) * kNanosPerMilli;
  }
  bool is_idle() const override { return has_answered_ && input_.empty(); }

 private:
  // Notes that a thread is in the session, and whether one was already.
  class Call {
   public:
    explicit Call(LineSession& session) : session_(session) {
      if (session_.callers_.fetch_add(1) != 0) session_.service_.collisions.fetch_add(1);
    }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    ~Call() { session_.callers_.fetch_sub(1); }

   private:
    LineSession& session_;
  };

  Want advance() {
    const size_t end = input_.find('\n');
    if (end == std::string::npos) return Want::kRead;
    const std::string line = input_.substr(0, end);
    input_.erase(0, end + 1);
    context_.stamps.complete_ns = monotonic_ns();
    const size_t space = std::min(line.find(' '), line.size());
    return obey(line.substr(0, space), line.substr(std::min(space + 1, line.size())));
  }

  Want obey(const std::string& verb, const std::string& word) {
    if (verb == "who") return answer(std::to_string(pthread_self()));
    if (verb == "big") return answer(std::string(std::stoul(word), 'x'));
    if (verb == "last") {
      output_ = std::string(std::stoul(word), 'x') + "\n";
      return Want::kWriteEnd;
    }
    if (verb == "drop") return Want::kClose;
    if (verb == "interim") {
      is_interim_ = true;
      output_ = std::string(std::stoul(word), '.') + "\n";
      return Want::kInterim;
    }
    if (verb == "stream") {
      stream_bytes_ = std::stoul(word);
      return answer("begun");
    }
    if (verb == "durable") context_.stamps.durable_ns = monotonic_ns();
    is_last_ = verb == "park" && word == "last";
    if (verb == "park") service_.park(context_.waker);
    if (verb == "early") context_.waker.wake();
    if (verb == "race") service_.race(context_.waker);
    if (verb == "park" || verb == "early" || verb == "race") return Want::kPark;
    if (verb == "block") service_.block(word);
    if (verb == "close") after_ = Want::kClose;
    if (verb == "linger") after_ = Want::kLinger;
    return answer(verb == "echo" ? word : verb == "block" ? "released" : verb == "durable" ? verb : "bye");
  }

  Want answer(const std::string& line) {
    output_ = line + "\n";
    return Want::kWrite;
  }

  LineService& service_;
  const SessionContext context_;
  std::atomic<int> callers_ = 0;
  std::string input_;
  std::string output_;
  bool has_answered_ = false;
  bool is_interim_ = false;   // the output is no answer
  bool is_last_ = false;      // it ends with the answer
  size_t stream_bytes_ = 0;   // that each wake sends, once it streams
  Want after_ = Want::kRead;  // what it wants when its answer is sent
};

inline std::unique_ptr<Session> LineService::make(const SessionContext& context) {
  return std::make_unique<LineSession>(*this, context);
}

}  // namespace ms::net
