#include "queueing/predict.h"

#include <algorithm>
#include <cmath>

#include "queueing/mdc_queue.h"

namespace ms::queueing {
namespace {

// The mean wait of those who wait for at most `bound_s`: Simpson's rule over each service time, where the distribution
// is smooth.
double mean_wait_within(const MdcQueue& queue, double bound_s, double service_time_s) {
  constexpr int kSteps = 16;
  constexpr double kNegligible = 1e-12;
  const double beyond = queue.wait_exceeds(bound_s);
  double area = 0;  // below P(wait > t) - P(wait > bound)
  for (double begin = 0; begin < bound_s; begin += service_time_s) {
    // Of a jump of the density the side that belongs to this piece.
    const double width = std::min(service_time_s, bound_s - begin) * (1 - 1e-9);
    double sum = 0;
    for (int i = 0; i <= kSteps; ++i) {
      const double weight = i == 0 || i == kSteps ? 1 : i % 2 == 1 ? 4 : 2;
      sum += weight * (queue.wait_exceeds(begin + width * i / kSteps) - beyond);
    }
    area += sum * width / (3 * kSteps);
    if (sum < kNegligible) break;
  }
  return area / (1 - beyond);
}

void predict_below_saturation(const Inputs& inputs, double bound_s, Prediction& prediction) {
  const MdcQueue queue(inputs.rate_per_s, inputs.service_time_s, inputs.servers);
  const double beyond = queue.wait_exceeds(bound_s);
  const double lost_share = (1 - prediction.utilisation) * beyond / (1 - prediction.utilisation * beyond);
  prediction.lost_per_s = inputs.rate_per_s * lost_share;
  prediction.served_per_s = inputs.rate_per_s - prediction.lost_per_s;
  prediction.mean_wait_s = mean_wait_within(queue, bound_s, inputs.service_time_s);
  prediction.wait_p50_s = queue.wait_quantile_s(0.5 * (1 - beyond));
  prediction.wait_p99_s = queue.wait_quantile_s(0.99 * (1 - beyond));
  prediction.formula =
      inputs.servers == 1
          ? "M/D/1: Pollaczek (1930) and Khinchine (1932), distribution by Erlang (1909)"
          : "M/D/" + std::to_string(inputs.servers) + ": Crommelin (1932), distribution by Franx (2001)";
  prediction.formula += "; bounded wait by Boots and Tijms (1999)";
}

void predict_saturated(const Inputs& inputs, double bound_s, Prediction& prediction) {
  prediction.served_per_s = std::min(inputs.rate_per_s, static_cast<double>(inputs.servers) / inputs.service_time_s);
  prediction.lost_per_s = inputs.rate_per_s - prediction.served_per_s;
  // How much denser the waits are at the bound than at none, as a power of e.
  const double growth =
      prediction.utilisation > 1 ? -decay_excess(prediction.utilisation) * inputs.rate_per_s * bound_s : 0;
  const bool is_flat = growth < 1e-6;
  const auto quantile_s = [&](double q) {
    return is_flat ? q * bound_s : bound_s * (1 + std::log(q + (1 - q) * std::exp(-growth)) / growth);
  };
  prediction.mean_wait_s = is_flat ? bound_s / 2 : bound_s * (-1 / std::expm1(-growth) - 1 / growth);
  prediction.wait_p50_s = quantile_s(0.5);
  prediction.wait_p99_s = quantile_s(0.99);
  prediction.formula = "M/D/" + std::to_string(inputs.servers) +
                       " in saturation: capacity = servers / service time; waits crowd at their bound, by the root of "
                       "Crommelin's (1932) equation";
}

}  // namespace

Prediction predict(const Inputs& inputs) {
  const auto room = static_cast<double>(inputs.room);
  const auto servers = static_cast<double>(inputs.servers);
  const double age_bound_s = std::min(inputs.target_s, inputs.deadline_s);
  const double bound_s = std::min(age_bound_s, room * inputs.service_time_s / servers);

  Prediction prediction;
  prediction.utilisation = inputs.rate_per_s * inputs.service_time_s / servers;
  if (prediction.utilisation < kUtilisationMax) {
    predict_below_saturation(inputs, bound_s, prediction);
  } else {
    predict_saturated(inputs, bound_s, prediction);
  }
  // Little's law. Who is refused for age has waited until then; who meets a full queue has not waited.
  const double refused_in_queue = age_bound_s <= bound_s ? prediction.lost_per_s * bound_s : 0;
  prediction.mean_queue = std::min(room, prediction.served_per_s * prediction.mean_wait_s + refused_in_queue);
  return prediction;
}

}  // namespace ms::queueing
