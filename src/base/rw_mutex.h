// RwMutex: many readers or one writer, and a writer that waits goes first.
//
// std::shared_mutex lets readers overtake on glibc, so that a steady stream of them keeps a writer out for good. A
// thread must not take it twice. clang checks who holds it, as with base/mutex.h.
#pragma once

#include <pthread.h>

#include "base/mutex.h"

namespace ms {

class MS_THREAD_ATTRIBUTE(capability("mutex")) RwMutex {
 public:
  RwMutex() {
    pthread_rwlockattr_t attributes;
    pthread_rwlockattr_init(&attributes);
    pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&lock_, &attributes);
    pthread_rwlockattr_destroy(&attributes);
  }
  RwMutex(const RwMutex&) = delete;
  RwMutex& operator=(const RwMutex&) = delete;
  ~RwMutex() { pthread_rwlock_destroy(&lock_); }

  void lock() MS_THREAD_ATTRIBUTE(acquire_capability()) { pthread_rwlock_wrlock(&lock_); }
  void unlock() MS_THREAD_ATTRIBUTE(release_capability()) { pthread_rwlock_unlock(&lock_); }
  void lock_shared() MS_THREAD_ATTRIBUTE(acquire_shared_capability()) { pthread_rwlock_rdlock(&lock_); }
  void unlock_shared() MS_THREAD_ATTRIBUTE(release_shared_capability()) { pthread_rwlock_unlock(&lock_); }

 private:
  pthread_rwlock_t lock_;
};

// Each holds the mutex for a scope.
class MS_THREAD_ATTRIBUTE(scoped_lockable) ReadLock {
 public:
  explicit ReadLock(RwMutex& mutex) MS_THREAD_ATTRIBUTE(acquire_shared_capability(mutex)) : mutex_(mutex) {
    mutex_.lock_shared();
  }
  ReadLock(const ReadLock&) = delete;
  ReadLock& operator=(const ReadLock&) = delete;
  ~ReadLock() MS_THREAD_ATTRIBUTE(release_capability()) { mutex_.unlock_shared(); }

 private:
  RwMutex& mutex_;
};

class MS_THREAD_ATTRIBUTE(scoped_lockable) WriteLock {
 public:
  explicit WriteLock(RwMutex& mutex) MS_THREAD_ATTRIBUTE(acquire_capability(mutex)) : mutex_(mutex) { mutex_.lock(); }
  WriteLock(const WriteLock&) = delete;
  WriteLock& operator=(const WriteLock&) = delete;
  ~WriteLock() MS_THREAD_ATTRIBUTE(release_capability()) { mutex_.unlock(); }

 private:
  RwMutex& mutex_;
};

}  // namespace ms
