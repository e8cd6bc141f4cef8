// When the clients of an experiment come: offsets from its begin in nanoseconds, in order of time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ms::load {

// Poisson arrivals of `rate_per_s`, above 0, for `duration_ns`; the same for the same seed.
std::vector<uint64_t> poisson_arrivals(double rate_per_s, uint64_t duration_ns, uint64_t seed);

// The first `count` of such arrivals, however long they take.
std::vector<uint64_t> first_poisson_arrivals(double rate_per_s, size_t count, uint64_t seed);

// `count` clients at once.
std::vector<uint64_t> burst_arrivals(size_t count);

}  // namespace ms::load
