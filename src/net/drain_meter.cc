#include "net/drain_meter.h"

#include <algorithm>

#include "base/clock.h"

namespace ms::net {

void DrainMeter::add(const Look& look) { looks_[count_++ % looks_.size()] = look; }

DrainMeter::Rates DrainMeter::rates() const {
  if (count_ < 2) return {};
  const size_t steps = std::min(count_ - 1, kTenSeconds);
  Rates rates{.last_second = rate_over(std::min(steps, kSecond)), .last_ten_seconds = rate_over(steps)};
  if (rates.last_ten_seconds > 0) rates.mean_wait_ms = mean_depth_over(steps) / rates.last_ten_seconds * 1000;
  return rates;
}

double DrainMeter::rate_over(size_t steps) const {
  const Look& begin = back(steps);
  const Look& end = back(0);
  if (end.at_ns <= begin.at_ns) return 0;
  const auto seconds = static_cast<double>(end.at_ns - begin.at_ns) / static_cast<double>(kNanosPerSecond);
  return static_cast<double>(end.accepted - begin.accepted) / seconds;
}

double DrainMeter::mean_depth_over(size_t steps) const {
  uint64_t sum = 0;
  for (size_t i = 0; i < steps; ++i) sum += back(i).depth;
  return static_cast<double>(sum) / static_cast<double>(steps);
}

}  // namespace ms::net
