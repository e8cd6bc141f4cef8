// Writes the Prometheus text format 0.0.4, byte for byte as its Go library does.
//
//     # HELP http_requests_total Requests answered.
//     # TYPE http_requests_total counter
//     http_requests_total{code="200"} 27
//
// Usage: metric(), then all of its samples, then the next metric. The writer trusts the names that it is given.
// Specification: https://prometheus.io/docs/instrumenting/exposition_formats/
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "model/labels.h"
#include "model/write_batch.h"

namespace ms::wire {

inline constexpr std::string_view kTextExpositionContentType = "text/plain; version=0.0.4; charset=utf-8";

class TextExposition {
 public:
  using Labels = std::span<const model::Label>;

  // Starts a metric. Types that the format lacks are written as untyped.
  void metric(std::string_view name, model::MetricType type, std::string_view help);

  void sample(double value, Labels labels = {});

  // The samples of a histogram: `counts` holds each bucket alone, the last one what exceeds every bound, and so has one
  // element more than `upper_bounds`.
  void histogram(std::span<const double> upper_bounds, std::span<const uint64_t> counts, double sum,
                 Labels labels = {});

  std::string take() && { return std::move(text_); }

 private:
  void line(std::string_view suffix, Labels labels, const model::Label* last_label, double value);

  std::string text_;
  std::string name_;
};

}  // namespace ms::wire
