#include "storage/head.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace ms::storage {
namespace {

// The lock is given up after this many samples, so that a reader waits for tens of microseconds as a rule.
constexpr size_t kSamplesPerLock = 1024;
constexpr size_t kPrefetchAhead = 8;
constexpr size_t kLateMin = 64;

}  // namespace

void Head::append(std::span<const SeriesRef> refs, std::span<const int64_t> timestamps_ms,
                  std::span<const double> values) {
  for (size_t begin = 0; begin < refs.size(); begin += kSamplesPerLock) {
    const size_t end = std::min(refs.size(), begin + kSamplesPerLock);
    const MutexLock lock(mutex_);
    const SeriesRef highest =
        *std::max_element(refs.begin() + static_cast<ptrdiff_t>(begin), refs.begin() + static_cast<ptrdiff_t>(end));
    if (highest >= series_.size()) series_.resize(size_t{highest} + 1);
    for (size_t i = begin; i < end; ++i) {
      if (i + kPrefetchAhead < end) __builtin_prefetch(&series_[refs[i + kPrefetchAhead]]);
      append_one(series_[refs[i]], timestamps_ms[i], values[i]);
    }
  }
}

void Head::append_one(Series& series, int64_t timestamp_ms, double value) {
  Columns& columns = series.columns;
  if (columns.timestamps_ms.empty() || timestamp_ms > columns.timestamps_ms.back()) {
    columns.timestamps_ms.push_back(timestamp_ms);
    columns.values.push_back(value);
    return;
  }
  if (timestamp_ms == columns.timestamps_ms.back()) {
    columns.values.back() = value;
    return;
  }
  series.late.push_back({timestamp_ms, value});
  if (series.late.size() > std::max(kLateMin, columns.values.size() / 4)) {
    columns = merge(series, std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max());
    series.late.clear();
  }
}

Head::Columns Head::merge(const Series& series, int64_t min_ms, int64_t max_ms) {
  const Columns& columns = series.columns;
  const auto [first, last] = find_range(columns, min_ms, max_ms);

  std::vector<Late> late;
  for (const Late& sample : series.late) {
    if (sample.timestamp_ms >= min_ms && sample.timestamp_ms <= max_ms) late.push_back(sample);
  }
  std::ranges::stable_sort(late, {}, &Late::timestamp_ms);

  Columns merged;
  const size_t count = last - first + late.size();
  merged.timestamps_ms.reserve(count);
  merged.values.reserve(count);
  const auto put = [&merged](int64_t timestamp_ms, double value) {
    if (!merged.timestamps_ms.empty() && merged.timestamps_ms.back() == timestamp_ms) {
      merged.values.back() = value;
      return;
    }
    merged.timestamps_ms.push_back(timestamp_ms);
    merged.values.push_back(value);
  };
  auto next_late = late.begin();
  for (size_t at = first; at < last; ++at) {
    for (; next_late != late.end() && next_late->timestamp_ms < columns.timestamps_ms[at]; ++next_late) {
      put(next_late->timestamp_ms, next_late->value);
    }
    put(columns.timestamps_ms[at], columns.values[at]);
  }
  for (; next_late != late.end(); ++next_late) put(next_late->timestamp_ms, next_late->value);
  return merged;
}

std::pair<size_t, size_t> Head::find_range(const Columns& columns, int64_t min_ms, int64_t max_ms) {
  const auto& timestamps_ms = columns.timestamps_ms;
  const auto first = std::ranges::lower_bound(timestamps_ms, min_ms);
  const auto last = std::upper_bound(first, timestamps_ms.end(), max_ms);
  return {static_cast<size_t>(first - timestamps_ms.begin()), static_cast<size_t>(last - timestamps_ms.begin())};
}

std::optional<Head::Columns> Head::copy(SeriesRef ref, int64_t min_ms, int64_t max_ms, uint64_t samples_max) const {
  const MutexLock lock(mutex_);
  if (ref >= series_.size() || min_ms > max_ms) return Columns();
  const auto [first, last] = find_range(series_[ref].columns, min_ms, max_ms);
  if (last - first > samples_max) return std::nullopt;
  Columns columns = merge(series_[ref], min_ms, max_ms);
  if (columns.values.size() > samples_max) return std::nullopt;
  return columns;
}

}  // namespace ms::storage
