// The two clocks: one to measure with, one to date with.
#pragma once

#include <cstdint>
#include <string>

namespace ms {

inline constexpr uint64_t kNanosPerMilli = 1'000'000;
inline constexpr uint64_t kNanosPerSecond = 1'000'000'000;

// CLOCK_MONOTONIC in nanoseconds: for intervals and deadlines.
uint64_t monotonic_ns();

// CLOCK_REALTIME in milliseconds since 1970: for timestamps of samples.
int64_t wall_ms();

// "2026-11-23T14:05:50.123Z"
std::string format_utc(int64_t unix_ms);

}  // namespace ms
