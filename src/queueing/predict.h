// predict: what queueing theory expects of a server with a fixed service time, a queue with room for so many, and a
// limit on the wait, under Poisson arrivals.
//
// All bounds act as one bound on the wait: room for r means at most r x service time / servers (with one server this is
// exact: who would find the room full is who would wait longer).
//
// Below saturation: M/D/c (queueing/mdc_queue.h). The bound keeps the distribution's shape below it, and the share lost
// is (1 - rho) E / (1 - rho E), where E is the probability that a wait without the bound exceeds it (N. K. Boots and
// H. Tijms, "A multiserver queueing system with impatient customers", Management Science 45, 1999; exact for one
// server, an approximation for several).
//
// From saturation on the servers are always busy, and the waits of those who are served crowd at the bound: their
// density grows as e^{-rate u t}, with u < 0 the root that gives M/D/c's tail its decay (decay_excess); at a
// utilisation of exactly 1 it is flat. At twice the capacity that is the bound itself, less a fraction of a service
// time.
#pragma once

#include <cstddef>
#include <limits>
#include <string>

namespace ms::queueing {

inline constexpr double kNoLimit = std::numeric_limits<double>::infinity();

struct Inputs {
  double rate_per_s = 0;      // above 0
  double service_time_s = 0;  // above 0
  size_t servers = 1;         // 1 to kServersMax
  size_t room = 0;            // how many may wait besides those who are being served
  // What waited longer is refused: under overload, and always. The first is taken to hold always, too: below saturation
  // hardly anyone waits so long, and above it overload does not end.
  double target_s = kNoLimit;
  double deadline_s = kNoLimit;
};

struct Prediction {
  double utilisation = 0;  // offered load over capacity: above 1 in overload
  double served_per_s = 0;
  double lost_per_s = 0;  // refused, or dropped by a full queue
  // Of those who are served.
  double mean_wait_s = 0;
  double wait_p50_s = 0;
  double wait_p99_s = 0;
  double mean_queue = 0;  // how many wait, with those who are refused in the end
  std::string formula;    // its name and source
};

Prediction predict(const Inputs& inputs);

}  // namespace ms::queueing
