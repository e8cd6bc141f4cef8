#include "storage/head.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <ranges>
#include <utility>

namespace ms::storage {
namespace {

// The lock is given up after this many samples, so that a reader waits for tens of microseconds as a rule.
constexpr size_t kSamplesPerLock = 1024;
// How many samples ahead of its append something is fetched.
constexpr size_t kPrefetchSeries = 24;
constexpr size_t kPrefetchBody = 16;
constexpr size_t kPrefetchSamples = 8;
constexpr size_t kCacheLineSamples = 4;
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
      prefetch(refs.first(end), i);
      append_one(series(refs[i]), timestamps_ms[i], values[i]);
    }
  }
}

void Head::prefetch(std::span<const SeriesRef> refs, size_t at) {
  if (at + kPrefetchSeries < refs.size()) {
    const Series& ahead = series(refs[at + kPrefetchSeries]);
    __builtin_prefetch(&ahead);
    __builtin_prefetch(&ahead.tail.back());
  }
  // What a tail spills into lies behind two pointers: each is followed once what it stands in has come.
  if (at + kPrefetchBody < refs.size()) {
    const Series& ahead = series(refs[at + kPrefetchBody]);
    if (ahead.is_full()) __builtin_prefetch(ahead.body.get());
  }
  if (at + kPrefetchSamples < refs.size()) {
    const Series& ahead = series(refs[at + kPrefetchSamples]);
    if (!ahead.is_full() || !ahead.body || ahead.body->end == nullptr) return;
    __builtin_prefetch(ahead.body->end, 1);
    __builtin_prefetch(ahead.body->end + kCacheLineSamples, 1);  // six samples reach into the next line
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
  if (series.is_full()) spill(series);
  series.tail[series.tail_size++] = sample;
}

void Head::spill(Series& series) {
  if (!series.body) series.body = std::make_unique<Body>();
  const uint32_t newest = series.tail_size - 1;
  series.body->append(std::span(series.tail).first(newest));
  series.tail[0] = series.tail[newest];
  series.tail_size = 1;
}

void Head::Body::append(std::span<const Sample> samples) {
  while (!samples.empty()) {
    const size_t used = count % kBlockSamples;
    if (used == 0) end = blocks.emplace_back(std::make_unique_for_overwrite<Block>())->data();
    const auto next = samples.first(std::min(samples.size(), kBlockSamples - used));
    end = std::ranges::copy(next, end).out;
    count += next.size();
    samples = samples.subspan(next.size());
  }
}

std::span<const Head::Sample> Head::Body::block(size_t index) const {
  return {blocks[index]->data(), std::min(kBlockSamples, count - index * kBlockSamples)};
}

Head::Ranges Head::Body::find_ranges(int64_t min_ms, int64_t max_ms) const {
  const auto indices = std::views::iota(size_t{0}, blocks.size());
  const auto newest_ms = [this](size_t index) { return block(index).back().timestamp_ms; };
  const auto oldest_ms = [this](size_t index) { return block(index).front().timestamp_ms; };
  Ranges ranges;
  for (const size_t index : std::ranges::subrange(std::ranges::lower_bound(indices, min_ms, {}, newest_ms),
                                                  std::ranges::upper_bound(indices, max_ms, {}, oldest_ms))) {
    ranges.push_back(find_range(block(index), min_ms, max_ms));
  }
  return ranges;
}

void Head::append_late(Series& series, Sample sample) {
  if (!series.body) series.body = std::make_unique<Body>();
  Body& body = *series.body;
  body.late.push_back(sample);
  if (body.late.size() <= std::max(kLateMin, body.count / 4)) return;
  spill(series);  // so that the body takes all that is late
  const auto all = body.find_ranges(std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max());
  const std::vector<Sample> merged = merge(join(all), std::move(body.late));
  body = {};
  body.append(merged);
}

std::vector<Head::Sample> Head::merge(std::span<const Sample> samples, std::vector<Sample> late) {
  std::ranges::stable_sort(late, {}, &Sample::timestamp_ms);

  std::vector<Sample> merged;
  merged.reserve(samples.size() + late.size());
  const auto put = [&merged](const Sample& sample) {
    if (!merged.empty() && merged.back().timestamp_ms == sample.timestamp_ms) {
      merged.back() = sample;
      return;
    }
    merged.push_back(sample);
  };
  auto next_late = late.begin();
  for (const Sample& sample : samples) {
    for (; next_late != late.end() && next_late->timestamp_ms < sample.timestamp_ms; ++next_late) put(*next_late);
    put(sample);
  }
  for (; next_late != late.end(); ++next_late) put(*next_late);
  return merged;
}

std::span<const Head::Sample> Head::find_range(std::span<const Sample> samples, int64_t min_ms, int64_t max_ms) {
  const auto first = std::ranges::lower_bound(samples, min_ms, {}, &Sample::timestamp_ms);
  const auto last = std::ranges::upper_bound(first, samples.end(), max_ms, {}, &Sample::timestamp_ms);
  return {first, last};
}

size_t Head::count_samples(const Ranges& ranges) {
  size_t count = 0;
  for (const auto& range : ranges) count += range.size();
  return count;
}

std::vector<Head::Sample> Head::join(const Ranges& ranges) {
  std::vector<Sample> samples;
  samples.reserve(count_samples(ranges));
  for (const auto& range : ranges) samples.insert(samples.end(), range.begin(), range.end());
  return samples;
}

std::vector<Head::Sample> Head::copy_late(const Series& series, int64_t min_ms, int64_t max_ms) {
  std::vector<Sample> late;
  if (!series.body) return late;
  for (const Sample& sample : series.body->late) {
    if (sample.timestamp_ms >= min_ms && sample.timestamp_ms <= max_ms) late.push_back(sample);
  }
  return late;
}

std::optional<std::vector<Head::Sample>> Head::copy_samples(SeriesRef ref, int64_t min_ms, int64_t max_ms,
                                                            uint64_t samples_max) const {
  const MutexLock lock(mutex_);
  if (ref / kSeriesPerPage >= pages_.size() || min_ms > max_ms) return std::vector<Sample>();
  const Series& series = (*pages_[ref / kSeriesPerPage])[ref % kSeriesPerPage];
  Ranges ranges;
  if (series.body) ranges = series.body->find_ranges(min_ms, max_ms);
  ranges.push_back(find_range(std::span(series.tail).first(series.tail_size), min_ms, max_ms));
  if (count_samples(ranges) > samples_max) return std::nullopt;
  std::vector<Sample> samples = join(ranges);
  auto late = copy_late(series, min_ms, max_ms);
  if (!late.empty()) samples = merge(samples, std::move(late));
  if (samples.size() > samples_max) return std::nullopt;
  return samples;
}

std::optional<Head::Columns> Head::copy(SeriesRef ref, int64_t min_ms, int64_t max_ms, uint64_t samples_max) const {
  const auto samples = copy_samples(ref, min_ms, max_ms, samples_max);
  if (!samples) return std::nullopt;
  Columns columns;
  columns.timestamps_ms.reserve(samples->size());
  columns.values.reserve(samples->size());
  for (const Sample& sample : *samples) {
    columns.timestamps_ms.push_back(sample.timestamp_ms);
    columns.values.push_back(sample.value);
  }
  return columns;
}

}  // namespace ms::storage
