#include "load/arrivals.h"

#include <random>

#include "base/clock.h"

namespace ms::load {

std::vector<uint64_t> poisson_arrivals(double rate_per_s, uint64_t duration_ns, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::exponential_distribution<double> gap_s(rate_per_s);
  std::vector<uint64_t> arrivals;
  double at_ns = gap_s(random) * static_cast<double>(kNanosPerSecond);
  while (at_ns < static_cast<double>(duration_ns)) {
    arrivals.push_back(static_cast<uint64_t>(at_ns));
    at_ns += gap_s(random) * static_cast<double>(kNanosPerSecond);
  }
  return arrivals;
}

std::vector<uint64_t> burst_arrivals(size_t count) { return std::vector<uint64_t>(count, 0); }

}  // namespace ms::load
