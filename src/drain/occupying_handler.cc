#include "drain/occupying_handler.h"

#include <sys/prctl.h>
#include <time.h>

#include <utility>

#include "base/clock.h"

namespace ms::drain {
namespace {

uint64_t thread_cpu_ns() {
  timespec spent{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return static_cast<uint64_t>(spent.tv_sec) * kNanosPerSecond + static_cast<uint64_t>(spent.tv_nsec);
}

void sleep_for_ns(uint64_t duration_ns) {
  // The service time is to be as long as it says: by default the kernel may add 50 us to a sleep.
  prctl(PR_SET_TIMERSLACK, 1UL);
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
