// MdcQueue: the M/D/c queue in its steady state: Poisson arrivals, one fixed service time, c servers, served in the
// order of arrival, room for all. Below saturation only; M/D/1 is the case of one server.
//
// The number in the system, seen every service time, is a Markov chain: who was being served has left, and a Poisson
// number has come (C. D. Crommelin, "Delay probability formulae when the holding times are constant", Post Office
// Electrical Engineers' Journal 25, 1932). With a = rate x service time its generating function is
//
//     P(z) = (c - a) (z - 1) q(z) / (z^c e^{a (1 - z)} - 1),   q(z) = product over k of (z - z_k) / (1 - z_k)
//
// where z_1 .. z_{c-1} are the roots of z^c = e^{a (z - 1)} inside the unit circle. The mean follows from it at z = 1;
// for one server it is that of Pollaczek and Khinchine. The probabilities are its Fourier coefficients, after the pole
// nearest to the circle, the real root above 1, is split off: it is the geometric tail. The distribution of the wait is
// a sum of positive terms over them (G. J. Franx, "A simple solution for the M/D/c waiting time distribution",
// Operations Research Letters 29, 2001), and loses no digits where Erlang's and Crommelin's alternating sums do.
//
// Immutable; thread-safe.
#pragma once

#include <complex>
#include <cstddef>
#include <vector>

namespace ms::queueing {

// More servers are not calculated with: the cost grows with their square, to 0.1 s for this many.
inline constexpr size_t kServersMax = 1024;
// From this utilisation on a queue counts as saturated.
inline constexpr double kUtilisationMax = 0.99999;

class MdcQueue {
 public:
  // rate_per_s x service_time_s / servers is above 0 and below kUtilisationMax; servers is 1 to kServersMax.
  MdcQueue(double rate_per_s, double service_time_s, size_t servers);

  double mean_wait_s() const { return mean_wait_s_; }
  // The probability that an arrival waits for longer than `wait_s`.
  double wait_exceeds(double wait_s) const;
  // The wait that a share of at least `probability`, below 1, does not exceed.
  double wait_quantile_s(double probability) const;

  double mean_length() const { return rate_per_s_ * mean_wait_s_; }
  // The number waiting that is not exceeded for a share of at least `probability`, below 1, of the time.
  size_t length_quantile(double probability) const;

 private:
  using Complex = std::complex<double>;

  std::vector<Complex> find_roots() const;
  Complex generating_function(Complex z, const std::vector<Complex>& roots) const;
  double pole_weight(const std::vector<Complex>& roots) const;
  void find_distribution(const std::vector<Complex>& roots);
  double number_exceeds(size_t number) const;

  double rate_per_s_;
  double service_time_s_;
  size_t servers_;
  double load_;   // a: how many servers are busy on average
  double decay_;  // the real root above 1
  double mean_wait_s_ = 0;
  double tail_weight_ = 0;       // P(number = n) is tail_weight_ x decay_^-n at and beyond exceeds_.size()
  std::vector<double> exceeds_;  // P(number in the system > n)
};

// The root u other than 0 of log(1 + u) = utilisation x u, for a utilisation other than 1: waits fall off below
// saturation (u > 0), and crowd at their bound above it (-1 < u < 0), as e^{-rate u t}.
double decay_excess(double utilisation);

}  // namespace ms::queueing
