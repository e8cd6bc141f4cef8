// Writes the Prometheus text format 0.0.4, byte for byte as its Go library does.
//
//     # HELP http_requests_total Requests answered.
//     # TYPE http_requests_total counter
//     http_requests_total{code="200"} 27
//
// Specification: https://prometheus.io/docs/instrumenting/exposition_formats/
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "wire/exposition.h"

namespace ms::wire {

inline constexpr std::string_view kTextExpositionContentType = "text/plain; version=0.0.4; charset=utf-8";

class TextExposition final : public Exposition {
 public:
  std::string take() && { return std::move(text_); }

 private:
  // Types that the format lacks are written as untyped.
  void begin_metric(std::string_view name, model::MetricType type, std::string_view help) override;
  void add_sample(std::string_view name, Labels labels, double value) override;

  std::string text_;
};

}  // namespace ms::wire
