#include "queueing/mdc_queue.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ms::queueing {
namespace {

using Complex = std::complex<double>;

// A probability that is as good as none.
constexpr double kNegligible = 1e-15;

// (z - z_1) / (1 - z_1) x (z - z_2) / (1 - z_2) ...: by its logarithm, as partial products overflow.
Complex normed_product(Complex z, const std::vector<Complex>& roots) {
  Complex log_product = 0;
  for (const Complex root : roots) log_product += std::log((z - root) / (1.0 - root));
  return std::exp(log_product);
}

double poisson(size_t count, double mean) {
  if (mean == 0) return count == 0 ? 1 : 0;
  const auto n = static_cast<double>(count);
  return std::exp(n * std::log(mean) - mean - std::lgamma(n + 1));
}

}  // namespace

double decay_excess(double utilisation) {
  // log(1 + u) - utilisation u is concave: Newton's method started beyond the root comes down to it and never passes.
  double u = utilisation < 1 ? 4 / utilisation * (1 / utilisation - 1)
                             : std::max(-2 * (utilisation - 1), std::exp(-utilisation) - 1);
  for (int i = 0; i < 100; ++i) {
    const double step = (std::log1p(u) - utilisation * u) / (1 / (1 + u) - utilisation);
    u -= step;
    if (std::abs(step) <= kNegligible * std::abs(u)) break;
  }
  return u;
}

MdcQueue::MdcQueue(double rate_per_s, double service_time_s, size_t servers)
    : rate_per_s_(rate_per_s),
      service_time_s_(service_time_s),
      servers_(servers),
      load_(rate_per_s * service_time_s),
      decay_(1 + decay_excess(load_ / static_cast<double>(servers))) {
  const std::vector<Complex> roots = find_roots();
  const double idle = static_cast<double>(servers) - load_;
  double mean_number = static_cast<double>(servers) / (2 * idle) - idle / 2;
  for (const Complex root : roots) mean_number += (1.0 / (1.0 - root)).real();
  mean_wait_s_ = std::max(0.0, mean_number - load_) / rate_per_s;
  find_distribution(roots);
}

// Each root solves z = w e^{utilisation (z - 1)} for one of the c-th roots of unity w other than 1. The iteration of
// that contracts inside the circle; Newton's steps end it.
std::vector<Complex> MdcQueue::find_roots() const {
  const auto c = static_cast<double>(servers_);
  const double utilisation = load_ / c;
  std::vector<Complex> roots;
  for (size_t k = 1; k < servers_; ++k) {
    const Complex w = std::polar(1.0, 2 * std::numbers::pi * static_cast<double>(k) / c);
    const auto next = [&](Complex z) { return w * std::exp(utilisation * (z - 1.0)); };
    Complex root = 0;
    for (int i = 0; i < 30; ++i) root = next(root);
    for (int i = 0; i < 10; ++i) root -= (root - next(root)) / (1.0 - utilisation * next(root));
    roots.push_back(root);
  }
  return roots;
}

Complex MdcQueue::generating_function(Complex z, const std::vector<Complex>& roots) const {
  if (z == 1.0) return 1;
  const auto c = static_cast<double>(servers_);
  const Complex denominator = std::exp(c * std::log(z) + load_ * (1.0 - z)) - 1.0;
  return (c - load_) * (z - 1.0) * normed_product(z, roots) / denominator;
}

// W in P(z) = W / (1 - z / decay) + what has no pole there.
double MdcQueue::pole_weight(const std::vector<Complex>& roots) const {
  const auto c = static_cast<double>(servers_);
  return (c - load_) * (decay_ - 1) * normed_product(decay_, roots).real() / (load_ * decay_ - c);
}

void MdcQueue::find_distribution(const std::vector<Complex>& roots) {
  // The next poles are at a distance of at least about sqrt(2 pi / c) from the circle, whatever the load: this many
  // coefficients leave nothing of them.
  const auto c = static_cast<double>(servers_);
  const size_t size = servers_ + 64 + static_cast<size_t>(20 * std::sqrt(c));
  // At a low load the tail, too, has ended before; to split it off would cost digits.
  if (std::pow(decay_, -static_cast<double>(size)) > kNegligible) tail_weight_ = pole_weight(roots);

  std::vector<Complex> circle(size);
  std::vector<Complex> values(size);
  for (size_t i = 0; i < size; ++i) {
    circle[i] = std::polar(1.0, 2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(size));
    const bool is_mirrored = i > size / 2;  // P has real coefficients
    values[i] = is_mirrored ? std::conj(values[size - i])
                            : generating_function(circle[i], roots) - tail_weight_ / (1.0 - circle[i] / decay_);
  }
  double exceeds = 1;
  for (size_t n = 0; n < size; ++n) {
    double sum = 0;
    for (size_t i = 0; i < size; ++i) sum += (values[i] * std::conj(circle[i * n % size])).real();
    exceeds -= sum / static_cast<double>(size) + tail_weight_ * std::pow(decay_, -static_cast<double>(n));
    exceeds_.push_back(std::clamp(exceeds, 0.0, 1.0));
  }
}

double MdcQueue::number_exceeds(size_t number) const {
  if (number < exceeds_.size()) return exceeds_[number];
  return tail_weight_ * std::pow(decay_, -static_cast<double>(number)) / (decay_ - 1);
}

double MdcQueue::wait_exceeds(double wait_s) const {
  // Who comes now is served within `wait_s` if so few are in the system that each server ends in time: in `turns`
  // services from now all of them have left, but for the Poisson number that comes in what the last turn is longer.
  const double turns = std::floor(wait_s / service_time_s_) + 1;
  const double mean = std::max(0.0, rate_per_s_ * (turns * service_time_s_ - wait_s));
  const size_t last = static_cast<size_t>(turns) * servers_ + servers_ - 1;
  const double spread = 10 * std::sqrt(mean) + 20;
  const auto begin = static_cast<size_t>(std::max(0.0, mean - spread));
  const auto end = static_cast<size_t>(mean + spread) + 1;
  double exceeds = 0;
  for (size_t came = begin; came < end; ++came) {
    const bool is_too_many = came + servers_ > last;
    exceeds += poisson(came, mean) * (is_too_many ? 1 : number_exceeds(last - came));
  }
  return std::min(1.0, exceeds);
}

double MdcQueue::wait_quantile_s(double probability) const {
  const auto suffices = [&](double wait_s) { return wait_exceeds(wait_s) <= 1 - probability; };
  if (suffices(0)) return 0;
  double high = service_time_s_;
  while (!suffices(high)) high *= 2;
  double low = 0;
  while (high - low > 1e-9 * high) {
    const double middle = (low + high) / 2;
    (suffices(middle) ? high : low) = middle;
  }
  return high;
}

size_t MdcQueue::length_quantile(double probability) const {
  size_t length = 0;
  while (number_exceeds(servers_ + length) > 1 - probability) ++length;
  return length;
}

}  // namespace ms::queueing
