#include "load/attempts.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ms::load {
namespace {

uint64_t& counter_of(Tally& tally, const Attempt& attempt) {
  switch (attempt.outcome) {
    case Outcome::kReplied:
      if (is_served(attempt)) return tally.served;
      return attempt.status == 503 ? tally.refused : tally.other_status;
    case Outcome::kTimedOut:
      return tally.timed_out;
    case Outcome::kReset:
      return tally.reset;
    case Outcome::kRefused:
      return tally.connect_refused;
    case Outcome::kCutShort:
      return tally.cut_short;
    case Outcome::kBroken:
      return tally.broken;
    case Outcome::kNotBegun:
      break;
  }
  return tally.not_begun;
}

}  // namespace

bool is_served(const Attempt& attempt) { return attempt.outcome == Outcome::kReplied && attempt.status / 100 == 2; }

Tally& Tally::operator+=(const Tally& other) {
  offered += other.offered;
  served += other.served;
  refused += other.refused;
  other_status += other.other_status;
  timed_out += other.timed_out;
  reset += other.reset;
  connect_refused += other.connect_refused;
  cut_short += other.cut_short;
  broken += other.broken;
  not_begun += other.not_begun;
  return *this;
}

void count(Tally& tally, const Attempt& attempt) {
  ++tally.offered;
  ++counter_of(tally, attempt);
}

Tally tally(std::span<const Attempt> attempts) {
  Tally all;
  for (const Attempt& attempt : attempts) count(all, attempt);
  return all;
}

std::vector<uint64_t> total_latencies_ns(std::span<const Attempt> attempts) {
  std::vector<uint64_t> latencies;
  for (const Attempt& attempt : attempts) {
    if (is_served(attempt)) latencies.push_back(attempt.ended_ns - attempt.scheduled_ns);
  }
  return latencies;
}

std::vector<uint64_t> lags_ns(std::span<const Attempt> attempts) {
  std::vector<uint64_t> lags;
  for (const Attempt& attempt : attempts) {
    if (attempt.begun_ns != 0) lags.push_back(attempt.begun_ns - attempt.scheduled_ns);
  }
  return lags;
}

Summary summarize(std::vector<uint64_t> durations_ns) {
  if (durations_ns.empty()) return {};
  std::ranges::sort(durations_ns);
  const auto count = static_cast<double>(durations_ns.size());
  const auto quantile = [&](double share) { return durations_ns[static_cast<size_t>(std::ceil(share * count)) - 1]; };
  return {.mean_ns = std::accumulate(durations_ns.begin(), durations_ns.end(), 0.0) / count,
          .p50_ns = quantile(0.5),
          .p90_ns = quantile(0.9),
          .p99_ns = quantile(0.99),
          .p999_ns = quantile(0.999),
          .max_ns = durations_ns.back()};
}

}  // namespace ms::load
