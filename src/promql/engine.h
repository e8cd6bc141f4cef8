// The engine evaluates a parsed query over the store, at one moment or at each step of a range, with the semantics of
// Prometheus 2.42: a selector finds the newest sample in [t - 5 min, t] and a range [t - range, t], both ends included,
// where Prometheus 3 leaves the left end out. A staleness marker hides its series at a moment; a range leaves it out.
//
// Thread-safe: it has no state besides the store.
#pragma once

#include <cstdint>

#include "base/error.h"
#include "promql/ast.h"
#include "promql/value.h"
#include "storage/store.h"

namespace ms::promql {

inline constexpr int64_t kLookbackMs = 5 * 60 * 1000;
inline constexpr uint64_t kQuerySamplesMax = 50'000'000;  // loaded, and of the result
inline constexpr int64_t kRangePointsMax = 11'000;        // of one series

// The largest distance of a time from 1970: sums and differences of two such times and a duration fit.
inline constexpr int64_t kTimeMsMax = int64_t{1} << 61;

struct Limits {
  uint64_t samples_max = kQuerySamplesMax;
  uint64_t deadline_ns = UINT64_MAX;  // monotonic
};

// start, start + step, ... up to end.
struct Steps {
  int64_t start_ms = 0;
  int64_t end_ms = 0;   // not before the start
  int64_t step_ms = 1;  // above 0

  int64_t count() const { return (end_ms - start_ms) / step_ms + 1; }
};

class Engine {
 public:
  explicit Engine(const storage::Store& store) : store_(store) {}

  // Times are within kTimeMsMax. Refused: kTooLarge for more than `samples_max`, kUnavailable once the deadline has
  // passed.
  Result<Value> evaluate(const Expr& expr, int64_t time_ms, const Limits& limits) const;
  // Refused besides with kInvalid: a matrix selector, which has no value at a step.
  Result<Matrix> evaluate_steps(const Expr& expr, const Steps& steps, const Limits& limits) const;

 private:
  Result<std::vector<storage::SeriesSamples>> load(const VectorSelector& selector, int64_t min_ms, int64_t max_ms,
                                                   const Limits& limits) const;
  Result<Value> evaluate_vector(const VectorSelector& selector, int64_t time_ms, const Limits& limits) const;
  Result<Value> evaluate_matrix(const MatrixSelector& selector, int64_t time_ms, const Limits& limits) const;
  Result<Matrix> evaluate_vector_steps(const VectorSelector& selector, const Steps& steps, const Limits& limits) const;

  const storage::Store& store_;
};

}  // namespace ms::promql
