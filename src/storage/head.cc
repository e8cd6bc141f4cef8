#include "storage/head.h"

#include <algorithm>
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
    add_pages(
        *std::max_element(refs.begin() + static_cast<ptrdiff_t>(begin), refs.begin() + static_cast<ptrdiff_t>(end)));
    for (size_t i = begin; i < end; ++i) {
      if (i + kPrefetchAhead < end) {
        const Series& ahead = series(refs[i + kPrefetchAhead]);
        __builtin_prefetch(&ahead);
        __builtin_prefetch(&ahead.tail.back());
      }
      append_one(series(refs[i]), timestamps_ms[i], values[i]);
    }
  }
}

void Head::add_pages(SeriesRef highest) {
  while (highest / kSeriesPerPage >= pages_.size()) pages_.push_back(std::make_unique<Page>());
}

void Head::append_one(Series& series, int64_t timestamp_ms, double value) {
  const Sample sample = {timestamp_ms, value};
  if (series.tail_size > 0 && timestamp_ms <= series.newest().timestamp_ms) {
    if (timestamp_ms < series.newest().timestamp_ms) return append_late(series, sample);
    series.tail[series.tail_size - 1] = sample;
    return;
  }
  if (series.tail_size == Series::kTailMax) spill(series);
  series.tail[series.tail_size++] = sample;
}

void Head::spill(Series& series) {
  if (!series.body) series.body = std::make_unique<Body>();
  Columns& columns = series.body->columns;
  const uint32_t newest = series.tail_size - 1;
  for (uint32_t i = 0; i < newest; ++i) {
    columns.timestamps_ms.push_back(series.tail[i].timestamp_ms);
    columns.values.push_back(series.tail[i].value);
  }
  series.tail[0] = series.tail[newest];
  series.tail_size = 1;
}

void Head::append_late(Series& series, Sample sample) {
  if (!series.body) series.body = std::make_unique<Body>();
  Body& body = *series.body;
  body.late.push_back(sample);
  if (body.late.size() <= std::max(kLateMin, body.columns.values.size() / 4)) return;
  spill(series);  // so that the columns take all that is late
  body.columns = merge(body.columns, std::exchange(body.late, {}));
}

Head::Columns Head::merge(const Columns& columns, std::vector<Sample> late) {
  std::ranges::stable_sort(late, {}, &Sample::timestamp_ms);

  Columns merged;
  const size_t count = columns.values.size() + late.size();
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
  for (size_t at = 0; at < columns.values.size(); ++at) {
    for (; next_late != late.end() && next_late->timestamp_ms < columns.timestamps_ms[at]; ++next_late) {
      put(next_late->timestamp_ms, next_late->value);
    }
    put(columns.timestamps_ms[at], columns.values[at]);
  }
  for (; next_late != late.end(); ++next_late) put(next_late->timestamp_ms, next_late->value);
  return merged;
}

Head::Columns Head::copy_in_order(const Series& series, int64_t min_ms, int64_t max_ms) {
  Columns copied;
  if (series.body) {
    const Columns& columns = series.body->columns;
    const auto [first, last] = find_range(columns, min_ms, max_ms);
    copied.timestamps_ms.reserve(last - first + Series::kTailMax);
    copied.values.reserve(last - first + Series::kTailMax);
    copied.timestamps_ms.assign(columns.timestamps_ms.begin() + static_cast<ptrdiff_t>(first),
                                columns.timestamps_ms.begin() + static_cast<ptrdiff_t>(last));
    copied.values.assign(columns.values.begin() + static_cast<ptrdiff_t>(first),
                         columns.values.begin() + static_cast<ptrdiff_t>(last));
  }
  for (const Sample& sample : std::span(series.tail).first(series.tail_size)) {
    if (sample.timestamp_ms < min_ms || sample.timestamp_ms > max_ms) continue;
    copied.timestamps_ms.push_back(sample.timestamp_ms);
    copied.values.push_back(sample.value);
  }
  return copied;
}

std::vector<Head::Sample> Head::copy_late(const Series& series, int64_t min_ms, int64_t max_ms) {
  std::vector<Sample> late;
  if (!series.body) return late;
  for (const Sample& sample : series.body->late) {
    if (sample.timestamp_ms >= min_ms && sample.timestamp_ms <= max_ms) late.push_back(sample);
  }
  return late;
}

std::pair<size_t, size_t> Head::find_range(const Columns& columns, int64_t min_ms, int64_t max_ms) {
  const auto& timestamps_ms = columns.timestamps_ms;
  const auto first = std::ranges::lower_bound(timestamps_ms, min_ms);
  const auto last = std::upper_bound(first, timestamps_ms.end(), max_ms);
  return {static_cast<size_t>(first - timestamps_ms.begin()), static_cast<size_t>(last - timestamps_ms.begin())};
}

std::optional<Head::Columns> Head::copy(SeriesRef ref, int64_t min_ms, int64_t max_ms, uint64_t samples_max) const {
  const MutexLock lock(mutex_);
  if (ref / kSeriesPerPage >= pages_.size() || min_ms > max_ms) return Columns();
  const Series& series = (*pages_[ref / kSeriesPerPage])[ref % kSeriesPerPage];
  if (series.body) {
    const auto [first, last] = find_range(series.body->columns, min_ms, max_ms);
    if (last - first > samples_max) return std::nullopt;
  }
  Columns columns = copy_in_order(series, min_ms, max_ms);
  auto late = copy_late(series, min_ms, max_ms);
  if (!late.empty()) columns = merge(columns, std::move(late));
  if (columns.values.size() > samples_max) return std::nullopt;
  return columns;
}

}  // namespace ms::storage
