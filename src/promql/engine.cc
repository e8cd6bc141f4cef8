#include "promql/engine.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "model/labels.h"
#include "model/staleness.h"

namespace ms::promql {
namespace {

using storage::SeriesSamples;

std::unexpected<Error> fail_too_many_samples() {
  return fail(ErrorCode::kTooLarge, "query processing would load too many samples into memory in query execution");
}

Result<void> check_deadline(const Limits& limits, std::string_view where) {
  if (monotonic_ns() < limits.deadline_ns) return {};
  return fail(ErrorCode::kUnavailable, "query timed out in " + std::string(where));
}

// Name by name, then value by value; a set that is the beginning of another comes first.
bool is_before(std::string_view a, std::string_view b) {
  model::LabelReader reader_a(a);
  model::LabelReader reader_b(b);
  for (;;) {
    const auto label_a = reader_a.next();
    const auto label_b = reader_b.next();
    if (!label_a || !label_b) return !label_a && label_b;
    if (label_a->name != label_b->name) return label_a->name < label_b->name;
    if (label_a->value != label_b->value) return label_a->value < label_b->value;
  }
}

template <class Series>
void sort_by_labels(std::vector<Series>& series) {
  std::ranges::sort(series, is_before, &Series::label_bytes);
}

void remove_stale_markers(SeriesSamples& series) {
  size_t kept = 0;
  for (size_t i = 0; i < series.values.size(); ++i) {
    if (model::is_stale_marker(series.values[i])) continue;
    series.timestamps_ms[kept] = series.timestamps_ms[i];
    series.values[kept++] = series.values[i];
  }
  series.timestamps_ms.resize(kept);
  series.values.resize(kept);
}

// The values of one series at the steps at which it has one: both are walked through once.
SeriesSamples find_at_steps(SeriesSamples loaded, const Steps& steps) {
  SeriesSamples found;
  const size_t count = loaded.values.size();
  size_t next = 0;  // the first sample later than the step
  for (int64_t time_ms = steps.start_ms; time_ms <= steps.end_ms; time_ms += steps.step_ms) {
    while (next < count && loaded.timestamps_ms[next] <= time_ms) ++next;
    if (next == 0 || loaded.timestamps_ms[next - 1] < time_ms - kLookbackMs) continue;
    if (model::is_stale_marker(loaded.values[next - 1])) continue;
    found.timestamps_ms.push_back(time_ms);
    found.values.push_back(loaded.values[next - 1]);
  }
  found.label_bytes = std::move(loaded.label_bytes);
  return found;
}

Matrix repeat_at_steps(double value, const Steps& steps) {
  SeriesSamples series;
  for (int64_t time_ms = steps.start_ms; time_ms <= steps.end_ms; time_ms += steps.step_ms) {
    series.timestamps_ms.push_back(time_ms);
  }
  series.values.assign(series.timestamps_ms.size(), value);
  return {std::move(series)};
}

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};

}  // namespace

Result<Value> Engine::evaluate(const Expr& expr, int64_t time_ms, const Limits& limits) const {
  return std::visit(Overloaded{
                        [&](const NumberLiteral& number) -> Result<Value> { return Scalar{time_ms, number.value}; },
                        [&](const VectorSelector& selector) { return evaluate_vector(selector, time_ms, limits); },
                        [&](const MatrixSelector& selector) { return evaluate_matrix(selector, time_ms, limits); },
                    },
                    expr.node);
}

Result<Matrix> Engine::evaluate_steps(const Expr& expr, const Steps& steps, const Limits& limits) const {
  return std::visit(
      Overloaded{
          [&](const NumberLiteral& number) -> Result<Matrix> { return repeat_at_steps(number.value, steps); },
          [&](const VectorSelector& selector) { return evaluate_vector_steps(selector, steps, limits); },
          [&](const MatrixSelector&) -> Result<Matrix> {
            return fail(ErrorCode::kInvalid,
                        "invalid expression type \"range vector\" for range query, must be Scalar or instant Vector");
          },
      },
      expr.node);
}

Result<std::vector<SeriesSamples>> Engine::load(const VectorSelector& selector, int64_t min_ms, int64_t max_ms,
                                                const Limits& limits) const {
  if (auto in_time = check_deadline(limits, "query queue"); !in_time)
    return std::unexpected(std::move(in_time.error()));
  auto loaded = store_.select(selector.matchers, min_ms, max_ms, limits.samples_max);
  if (!loaded && loaded.error().code == ErrorCode::kTooLarge) return fail_too_many_samples();
  return loaded;
}

Result<Value> Engine::evaluate_vector(const VectorSelector& selector, int64_t time_ms, const Limits& limits) const {
  auto loaded = load(selector, time_ms - kLookbackMs, time_ms, limits);
  if (!loaded) return std::unexpected(std::move(loaded.error()));
  Vector vector;
  for (SeriesSamples& series : *loaded) {
    const double newest = series.values.back();
    if (!model::is_stale_marker(newest)) vector.push_back({std::move(series.label_bytes), time_ms, newest});
  }
  sort_by_labels(vector);
  return vector;
}

Result<Value> Engine::evaluate_matrix(const MatrixSelector& selector, int64_t time_ms, const Limits& limits) const {
  auto loaded = load(selector.vector, time_ms - selector.range_ms, time_ms, limits);
  if (!loaded) return std::unexpected(std::move(loaded.error()));
  Matrix matrix = std::move(*loaded);
  std::ranges::for_each(matrix, remove_stale_markers);
  std::erase_if(matrix, [](const SeriesSamples& series) { return series.values.empty(); });
  sort_by_labels(matrix);
  return matrix;
}

Result<Matrix> Engine::evaluate_vector_steps(const VectorSelector& selector, const Steps& steps,
                                             const Limits& limits) const {
  auto loaded = load(selector, steps.start_ms - kLookbackMs, steps.end_ms, limits);
  if (!loaded) return std::unexpected(std::move(loaded.error()));
  Matrix matrix;
  uint64_t points = 0;
  for (SeriesSamples& series : *loaded) {
    if (auto in_time = check_deadline(limits, "expression evaluation"); !in_time) {
      return std::unexpected(std::move(in_time.error()));
    }
    SeriesSamples found = find_at_steps(std::move(series), steps);
    if (found.values.empty()) continue;
    points += found.values.size();
    if (points > limits.samples_max) return fail_too_many_samples();
    matrix.push_back(std::move(found));
  }
  sort_by_labels(matrix);
  return matrix;
}

}  // namespace ms::promql
