#include "base/thread.h"

#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

#include "base/clock.h"

namespace ms {
namespace {

// As sched_setattr(2) has it; <linux/sched/types.h> cannot be included beside <pthread.h>.
struct SchedulingAttributes {
  uint32_t size = sizeof(SchedulingAttributes);
  uint32_t policy = 0;
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime_ns = 0;
  uint64_t deadline_ns = 0;
  uint64_t period_ns = 0;
};

// 0 where there is no such clock.
uint64_t read_clock_ns(clockid_t clock) {
  timespec spent{};
  if (clock_gettime(clock, &spent) != 0) return 0;
  return static_cast<uint64_t>(spent.tv_sec) * kNanosPerSecond + static_cast<uint64_t>(spent.tv_nsec);
}

}  // namespace

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

uint64_t Thread::cpu_ns() const { return read_clock_ns(cpu_clock_); }

uint64_t thread_cpu_ns() { return read_clock_ns(CLOCK_THREAD_CPUTIME_ID); }

void request_time_slice(uint64_t slice_ns) {
  SchedulingAttributes attributes;
  constexpr pid_t kCallingThread = 0;
  if (::syscall(SYS_sched_getattr, kCallingThread, &attributes, sizeof attributes, 0) != 0) return;
  attributes.runtime_ns = slice_ns;
  ::syscall(SYS_sched_setattr, kCallingThread, &attributes, 0);
}

}  // namespace ms
