#include "load/arrivals.h"

#include <random>

#include "base/clock.h"

namespace ms::load {

namespace {

// Arrival times one after the other.
class PoissonProcess {
 public:
  PoissonProcess(double rate_per_s, uint64_t seed) : random_(seed), gap_s_(rate_per_s) {}

  double next_ns() { return at_ns_ += gap_s_(random_) * static_cast<double>(kNanosPerSecond); }

 private:
  std::mt19937_64 random_;
  std::exponential_distribution<double> gap_s_;
  double at_ns_ = 0;
};

}  // namespace

std::vector<uint64_t> poisson_arrivals(double rate_per_s, uint64_t duration_ns, uint64_t seed) {
  PoissonProcess process(rate_per_s, seed);
  std::vector<uint64_t> arrivals;
  for (double at_ns = process.next_ns(); at_ns < static_cast<double>(duration_ns); at_ns = process.next_ns()) {
    arrivals.push_back(static_cast<uint64_t>(at_ns));
  }
  return arrivals;
}

std::vector<uint64_t> first_poisson_arrivals(double rate_per_s, size_t count, uint64_t seed) {
  PoissonProcess process(rate_per_s, seed);
  std::vector<uint64_t> arrivals(count);
  for (uint64_t& arrival : arrivals) arrival = static_cast<uint64_t>(process.next_ns());
  return arrivals;
}

std::vector<uint64_t> burst_arrivals(size_t count) { return std::vector<uint64_t>(count, 0); }

}  // namespace ms::load
