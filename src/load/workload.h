// Workload: the series that are written for a measurement, and their values.
//
// Each host has 100 metrics, and each series eight labels besides its name. Of the metrics some are counters, which
// grow by about as much in each step, some gauges, which wander between 0 and 100 with two decimals, some constants:
// what a store finds to compress is what monitoring sends.
//
// A value is a function of its series, its step and the seed alone: anyone may ask for any of them, in any order and
// from several threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace ms::load {

enum class MetricKind : uint8_t { kCounter, kGauge, kConstant };

class Workload {
 public:
  static constexpr size_t kMetrics = 100;  // of a host

  explicit Workload(uint64_t seed) : seed_(seed) {}

  // Names and values, sorted by name, __name__ among them. Series are numbered host by host: 100 to 199 are those of
  // the second.
  std::vector<std::pair<std::string, std::string>> labels(size_t series) const;
  static MetricKind kind(size_t series);
  // Finite; not below 0.
  double value(size_t series, uint64_t step) const;

 private:
  uint64_t seed_;
};

}  // namespace ms::load
