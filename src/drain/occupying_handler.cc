#include "drain/occupying_handler.h"

#include <sys/prctl.h>
#include <time.h>

#include <utility>

#include "base/clock.h"
#include "base/thread.h"

namespace ms::drain {
namespace {

// The shortest that the scheduler grants.
constexpr uint64_t kTimeSliceNs = 100'000;

// The service time is to be as long as it says. By default the kernel may add 50 us to a sleep, and where the CPUs are
// busy, with the clients above all, whoever wakes up waits for the end of another thread's slice, of 3 ms.
void keep_time() {
  prctl(PR_SET_TIMERSLACK, 1UL);
  request_time_slice(kTimeSliceNs);
}

void sleep_for_ns(uint64_t duration_ns) {
  thread_local bool keeps_time = false;
  if (!std::exchange(keeps_time, true)) keep_time();
  const timespec duration{.tv_sec = static_cast<time_t>(duration_ns / kNanosPerSecond),
                          .tv_nsec = static_cast<long>(duration_ns % kNanosPerSecond)};
  clock_nanosleep(CLOCK_MONOTONIC, 0, &duration, nullptr);
}

}  // namespace

void OccupyingHandler::add_routes(http::Router& router) {
  router.add({.path = kPath, .methods = {"GET"}, .handler = [this](http::Request&, http::Responder responder) {
                occupy();
                std::move(responder).send({.content_type = "text/plain", .body = "done\n"});
              }});
}

void OccupyingHandler::occupy() const {
  if (is_released_.load(std::memory_order_relaxed)) return;
  if (work_ == Work::kSleep) return sleep_for_ns(service_time_ns_);
  const uint64_t begin_ns = thread_cpu_ns();
  while (thread_cpu_ns() - begin_ns < service_time_ns_) {
  }
}

}  // namespace ms::drain
