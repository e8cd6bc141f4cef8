// What a query evaluates to.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "storage/store.h"

namespace ms::promql {

struct Scalar {
  int64_t timestamp_ms = 0;
  double value = 0;

  bool operator==(const Scalar&) const = default;
};

// One series at one moment.
struct VectorSample {
  std::string label_bytes;
  int64_t timestamp_ms = 0;  // of the evaluation, not of the sample that it found
  double value = 0;

  bool operator==(const VectorSample&) const = default;
};

using Vector = std::vector<VectorSample>;            // sorted by labels
using Matrix = std::vector<storage::SeriesSamples>;  // sorted by labels; none of the series is empty

using Value = std::variant<Scalar, Vector, Matrix>;

}  // namespace ms::promql
