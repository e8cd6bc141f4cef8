// What an experiment of `metricstream drain` is run with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "net/front_door.h"

namespace ms::drain {

// How a handler occupies its worker for the service time.
enum class Work {
  kSleep,  // as if it waited for a disk or a peer: takes no CPU
  kSpin,   // as if it computed: takes that much CPU time of its thread, and longer where cores are few
};

// A client gives up this long after its connect.
inline constexpr uint64_t kClientTimeoutNs = 5 * kNanosPerSecond;

struct Settings {
  std::vector<net::Architecture> architectures = {net::Architecture::kInline, net::Architecture::kPool};
  double rate_per_s = 1000;  // Poisson arrivals for `duration_ns`,
  size_t burst = 0;          // or, where it is not 0, so many clients at once
  uint64_t duration_ns = 5 * kNanosPerSecond;
  uint64_t service_time_ns = 5 * kNanosPerMilli;
  Work work = Work::kSleep;
  size_t workers = 8;  // of the pool; inline has one thread
  int backlog = 1024;
  uint64_t queue_target_ns = 50 * kNanosPerMilli;
  uint64_t queue_deadline_ns = kNanosPerSecond;
  uint64_t seed = 1;  // of the arrivals
  size_t cores = 1;   // that the process may use
};

}  // namespace ms::drain
