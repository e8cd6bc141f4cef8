// Exposition: metrics told one after the other with their samples, in the Prometheus data model, to whoever keeps them.
//
// Usage: metric(), then all of its samples, then the next metric. Names are trusted.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "model/labels.h"
#include "model/write_batch.h"

namespace ms::wire {

class Exposition {
 public:
  using Labels = std::span<const model::Label>;

  virtual ~Exposition() = default;

  void metric(std::string_view name, model::MetricType type, std::string_view help);

  void sample(double value, Labels labels = {}) { add_sample(name_, labels, value); }

  // The samples of a histogram: `counts` holds each bucket alone, the last one what exceeds every bound, and so has one
  // element more than `upper_bounds`.
  void histogram(std::span<const double> upper_bounds, std::span<const uint64_t> counts, double sum,
                 Labels labels = {});

 private:
  virtual void begin_metric(std::string_view name, model::MetricType type, std::string_view help) = 0;
  virtual void add_sample(std::string_view name, Labels labels, double value) = 0;

  std::string name_;
};

// As Go's strconv.FormatFloat(value, 'g', -1, 64): the shortest digits that read back the same, with an exponent where
// that is below -4 or above 5.
void append_number(std::string& out, double value);

}  // namespace ms::wire
