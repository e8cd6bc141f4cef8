// Thread: a named thread that is joined. Whoever owns one makes its body return before it is destroyed.
#pragma once

#include <time.h>

#include <cstdint>
#include <functional>
#include <string>
#include <thread>

namespace ms {

class Thread {
 public:
  // `name` shows in top -H, gdb and perf; the kernel keeps its first 15 bytes. Signals are blocked in the thread: they
  // are the main thread's.
  Thread(const std::string& name, std::move_only_function<void()> body);
  Thread(Thread&&) noexcept = default;
  Thread& operator=(Thread&&) = delete;
  ~Thread();

  // Waits for the body to return; later calls do nothing.
  void join();

  // CPU time that the thread has spent, in nanoseconds; 0 once it has ended. Costs the thread nothing. Thread-safe.
  uint64_t cpu_ns() const;

 private:
  std::thread thread_;
  clockid_t cpu_clock_ = -1;  // no clock's id
};

// CPU time that the calling thread has spent, in nanoseconds.
uint64_t thread_cpu_ns();

// Asks the scheduler to run the calling thread in slices of `slice_ns` (100,000 to 100,000,000), so that it need not
// wait for the end of another's longer slice when it wakes up; its share of the CPU stays what it is. A kernel that
// knows no slices (before Linux 6.12) leaves everything as it was. See sched_setattr(2), sched_runtime.
void request_time_slice(uint64_t slice_ns);

}  // namespace ms
