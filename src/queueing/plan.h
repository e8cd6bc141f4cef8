// plan: how many workers a rate needs, for its latency to stay within a bound.
#pragma once

#include <cstddef>

#include "base/error.h"

namespace ms::queueing {

struct Demand {
  double rate_per_s = 0;      // above 0; Poisson arrivals
  double service_time_s = 0;  // above 0, fixed
  double total_p99_s = 0;     // the 99th percentile of wait plus service is to be at most this
};

// What to expect with the fewest workers that suffice, by M/D/c (queueing/mdc_queue.h).
struct Plan {
  size_t workers = 0;
  double utilisation = 0;
  double mean_wait_s = 0;
  double total_p99_s = 0;
  double mean_queue = 0;  // how many wait
  size_t queue_p99 = 0;   // not more than this, 99 % of the time
};

// kUnsupported: no number of workers suffices, since the service alone takes longer than the bound, or more than
// kServersMax would be needed.
Result<Plan> plan(const Demand& demand);

}  // namespace ms::queueing
