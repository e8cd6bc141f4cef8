#include "base/thread.h"

#include <pthread.h>
#include <signal.h>

#include <utility>

#include "base/clock.h"

namespace ms {

Thread::Thread(const std::string& name, std::move_only_function<void()> body) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread(std::move(body));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_setname_np(thread_.native_handle(), name.substr(0, 15).c_str());
  pthread_getcpuclockid(thread_.native_handle(), &cpu_clock_);
}

Thread::~Thread() { join(); }

void Thread::join() {
  if (thread_.joinable()) thread_.join();
}

uint64_t Thread::cpu_ns() const {
  timespec spent{};
  if (clock_gettime(cpu_clock_, &spent) != 0) return 0;
  return static_cast<uint64_t>(spent.tv_sec) * kNanosPerSecond + static_cast<uint64_t>(spent.tv_nsec);
}

}  // namespace ms
