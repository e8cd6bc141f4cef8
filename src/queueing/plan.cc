#include "queueing/plan.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ranges>
#include <string>

#include "queueing/mdc_queue.h"

namespace ms::queueing {
namespace {

constexpr double kShare = 0.99;

double utilisation(const Demand& demand, size_t workers) {
  return demand.rate_per_s * demand.service_time_s / static_cast<double>(workers);
}

bool suffices(const Demand& demand, size_t workers) {
  if (utilisation(demand, workers) >= kUtilisationMax) return false;
  const MdcQueue queue(demand.rate_per_s, demand.service_time_s, workers);
  return demand.service_time_s + queue.wait_quantile_s(kShare) <= demand.total_p99_s;
}

std::string milliseconds(double seconds) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%g ms", seconds * 1000);
  return text.data();
}

}  // namespace

Result<Plan> plan(const Demand& demand) {
  if (demand.service_time_s > demand.total_p99_s) {
    return fail(ErrorCode::kUnsupported, "impossible: the service alone takes " + milliseconds(demand.service_time_s) +
                                             ", more than the bound of " + milliseconds(demand.total_p99_s));
  }
  const auto candidates = std::views::iota(size_t{1}, kServersMax + 1);
  const auto found =
      std::ranges::partition_point(candidates, [&](size_t workers) { return !suffices(demand, workers); });
  if (found == candidates.end()) {
    return fail(ErrorCode::kUnsupported, "more than " + std::to_string(kServersMax) + " workers would be needed");
  }
  const MdcQueue queue(demand.rate_per_s, demand.service_time_s, *found);
  return Plan{.workers = *found,
              .utilisation = utilisation(demand, *found),
              .mean_wait_s = queue.mean_wait_s(),
              .total_p99_s = demand.service_time_s + queue.wait_quantile_s(kShare),
              .mean_queue = queue.mean_length(),
              .queue_p99 = queue.length_quantile(kShare)};
}

}  // namespace ms::queueing
