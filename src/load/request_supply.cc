#include "load/request_supply.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "base/clock.h"

namespace ms::load {
namespace {

constexpr uint64_t kProgressEveryNs = 100 * kNanosPerMilli;

size_t quota_of(const RequestSupply::Settings& settings) {
  const uint64_t of_a_lane = settings.samples_ahead / settings.lanes / settings.samples_per_request;
  return static_cast<size_t>(std::max<uint64_t>(of_a_lane + 1, 2));
}

// How many of the first `samples` samples, which go over all series step by step, are of the range.
uint64_t share_of(SeriesRange range, size_t series, uint64_t samples) {
  const uint64_t rest = samples % series;
  const uint64_t of_the_rest = rest > range.first ? std::min<uint64_t>(rest - range.first, range.count) : 0;
  return samples / series * range.count + of_the_rest;
}

}  // namespace

SeriesRange RequestSupply::range_of(const Settings& settings, size_t lane) {
  const size_t first = settings.series * lane / settings.lanes;
  return {.first = first, .count = settings.series * (lane + 1) / settings.lanes - first};
}

RequestSupply::RequestSupply(const WriteRequests& requests, const Settings& settings)
    : requests_(requests),
      samples_per_request_(settings.samples_per_request),
      builders_(std::min(settings.builders, settings.lanes)),
      quota_(quota_of(settings)),
      lanes_(settings.lanes) {
  for (size_t number = 0; number < lanes_.size(); ++number) {
    Lane& lane = lanes_[number];
    lane.range = range_of(settings, number);
    lane.end = settings.samples ? share_of(lane.range, settings.series, *settings.samples) : UINT64_MAX;
    lane.is_filling = lane.end > 0;
  }
  for (size_t builder = 0; builder < builders_; ++builder) {
    threads_.emplace_back("bench-build-" + std::to_string(builder + 1), [this, builder] { build(builder); });
  }
}

RequestSupply::~RequestSupply() {
  {
    const MutexLock lock(mutex_);
    is_stopping_ = true;
  }
  wanted_.notify_all();
  threads_.clear();
}

void RequestSupply::wait_filled(const std::function<void(uint64_t samples)>& on_progress) {
  uint64_t told_ns = monotonic_ns();
  for (bool is_done = false; !is_done;) {
    MutexLock lock(mutex_);
    while (!is_filled() && monotonic_ns() - told_ns < kProgressEveryNs) {
      built_.wait_for(lock, std::chrono::nanoseconds(kProgressEveryNs));
    }
    is_done = is_filled();
    const uint64_t samples = samples_built_;
    lock.unlock();
    on_progress(samples);
    told_ns = monotonic_ns();
  }
}

bool RequestSupply::has_more(size_t lane) const {
  const MutexLock lock(mutex_);
  return !lanes_[lane].ready.empty() || lanes_[lane].next < lanes_[lane].end;
}

std::optional<WriteRequest> RequestSupply::take(size_t lane) {
  MutexLock lock(mutex_);
  Lane& from = lanes_[lane];
  if (from.ready.empty() && from.next < from.end) {
    const uint64_t begin_ns = monotonic_ns();
    while (from.ready.empty()) built_.wait(lock);
    waited_ns_.fetch_add(monotonic_ns() - begin_ns, std::memory_order_relaxed);
  }
  if (from.ready.empty()) return std::nullopt;
  WriteRequest request = std::move(from.ready.front());
  from.ready.pop_front();
  if (!from.is_filling && from.next < from.end && from.ready.size() <= quota_ / 8) {
    from.is_filling = true;
    wanted_.notify_all();
  }
  return request;
}

uint64_t RequestSupply::cpu_ns() const {
  uint64_t sum_ns = 0;
  for (const Thread& thread : threads_) sum_ns += thread.cpu_ns();
  return sum_ns;
}

bool RequestSupply::is_filled() const { return std::ranges::none_of(lanes_, &Lane::is_filling); }

// Of the builder's lanes the one that has least.
RequestSupply::Lane* RequestSupply::find_filling(size_t builder) {
  Lane* least = nullptr;
  for (size_t number = builder; number < lanes_.size(); number += builders_) {
    Lane& lane = lanes_[number];
    if (lane.is_filling && (least == nullptr || lane.ready.size() < least->ready.size())) least = &lane;
  }
  return least;
}

// Encodes without the lock: nobody else builds for the lane. `next` moves on when the request is there to be taken.
void RequestSupply::build(size_t builder) {
  MutexLock lock(mutex_);
  while (!is_stopping_) {
    Lane* lane = find_filling(builder);
    if (lane == nullptr) {
      wanted_.wait(lock);
      continue;
    }
    const SeriesRange range = lane->range;
    const uint64_t first = lane->next;
    const auto count = static_cast<size_t>(std::min<uint64_t>(samples_per_request_, lane->end - first));
    lock.unlock();
    WriteRequest request = requests_.encode(range, first, count);
    lock.lock();
    lane->next += count;
    lane->ready.push_back(std::move(request));
    lane->is_filling = lane->next < lane->end && lane->ready.size() < quota_;
    samples_built_ += count;
    built_.notify_all();
  }
}

}  // namespace ms::load
