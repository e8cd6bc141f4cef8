// Mutex, MutexLock and Condition: the standard library's, with the attributes by which clang checks who holds what.
//
//     Mutex mutex_;
//     size_t length_ MS_GUARDED_BY(mutex_);      every use of length_ must hold mutex_
//     void shrink() MS_REQUIRES(mutex_);         the caller holds it
//
// A wait is a loop around Condition::wait, since clang does not look into the lambda of a predicate.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define MS_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define MS_THREAD_ATTRIBUTE(x)
#endif
#define MS_GUARDED_BY(mutex) MS_THREAD_ATTRIBUTE(guarded_by(mutex))
#define MS_REQUIRES(mutex) MS_THREAD_ATTRIBUTE(requires_capability(mutex))
#define MS_REQUIRES_SHARED(mutex) MS_THREAD_ATTRIBUTE(requires_shared_capability(mutex))

namespace ms {

class MS_THREAD_ATTRIBUTE(capability("mutex")) Mutex {
 public:
  void lock() MS_THREAD_ATTRIBUTE(acquire_capability()) { mutex_.lock(); }
  void unlock() MS_THREAD_ATTRIBUTE(release_capability()) { mutex_.unlock(); }

 private:
  friend class MutexLock;
  std::mutex mutex_;
};

// Holds a mutex for a scope; it may be given up and taken again in between.
class MS_THREAD_ATTRIBUTE(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) MS_THREAD_ATTRIBUTE(acquire_capability(mutex)) : lock_(mutex.mutex_) {}
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;
  ~MutexLock() MS_THREAD_ATTRIBUTE(release_capability()) = default;

  void unlock() MS_THREAD_ATTRIBUTE(release_capability()) { lock_.unlock(); }
  void lock() MS_THREAD_ATTRIBUTE(acquire_capability()) { lock_.lock(); }

 private:
  friend class Condition;
  std::unique_lock<std::mutex> lock_;
};

class Condition {
 public:
  // Gives the mutex up, waits until notified or for no reason at all, and takes it again.
  void wait(MutexLock& lock) { condition_.wait(lock.lock_); }
  // As above, and at most for `timeout`; false when that has passed.
  template <class Duration>
  bool wait_for(MutexLock& lock, Duration timeout) {
    return condition_.wait_for(lock.lock_, timeout) == std::cv_status::no_timeout;
  }
  template <class TimePoint>
  bool wait_until(MutexLock& lock, TimePoint deadline) {
    return condition_.wait_until(lock.lock_, deadline) == std::cv_status::no_timeout;
  }
  void notify_one() { condition_.notify_one(); }
  void notify_all() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace ms
