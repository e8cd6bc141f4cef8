#include "net/door_sampler.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "base/clock.h"

namespace ms::net {

DoorSampler::DoorSampler(const std::vector<Listener>& listeners, std::function<Figures()> read, const Logger* log)
    : listeners_(listeners),
      read_(std::move(read)),
      log_(log),
      started_ns_(monotonic_ns()),
      waiting_([&listeners] {
        std::vector<std::unique_ptr<WaitingPeers>> waiting;
        waiting.reserve(listeners.size());
        for (const Listener& listener : listeners) waiting.push_back(std::make_unique<WaitingPeers>(listener));
        return waiting;
      }()),
      thread_("door-sample", [this] { run(); }) {}

DoorSampler::~DoorSampler() {
  {
    const MutexLock lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

DrainMeter::Rates DoorSampler::rates() const {
  const MutexLock lock(mutex_);
  return meter_.rates();
}

std::vector<WaitingPeers::Sighting> DoorSampler::waiting() const {
  std::vector<WaitingPeers::Sighting> sightings;
  sightings.reserve(waiting_.size());
  for (const auto& waiting : waiting_) sightings.push_back(waiting->last());
  return sightings;
}

void DoorSampler::run() {
  uint64_t next_ns = started_ns_;
  while (wait(next_ns)) {
    const Figures figures = read_();
    look(figures);
    log_overload(figures);
    last_ = figures;
    // Looks that were missed, by a machine that stood still, are not made up for.
    next_ns = std::max(next_ns, monotonic_ns()) + DrainMeter::kLookEveryMs * kNanosPerMilli;
  }
}

bool DoorSampler::wait(uint64_t until_ns) {
  MutexLock lock(mutex_);
  while (!is_stopping_) {
    const uint64_t now_ns = monotonic_ns();
    if (now_ns >= until_ns) break;
    changed_.wait_for(lock, std::chrono::nanoseconds(until_ns - now_ns));
  }
  return !is_stopping_;
}

void DoorSampler::look(const Figures& figures) {
  const uint64_t now_ns = monotonic_ns();
  uint64_t depth_sum = 0;
  for (size_t i = 0; i < listeners_.size(); ++i) {
    const uint32_t depth = listeners_[i].queue_depth();
    if (depth > 0) waiting_[i]->look(now_ns);
    depth_sum += depth;
  }
  const MutexLock lock(mutex_);
  meter_.add({.at_ns = now_ns, .accepted = figures.accepted, .depth = depth_sum});
}

// An overload that began and ended between two looks is logged as well: as both, at once.
void DoorSampler::log_overload(const Figures& figures) {
  if (log_ == nullptr) return;
  const std::string newest = "C" + std::to_string(figures.accepted);
  const uint64_t target_ms = figures.queue_target_ns / kNanosPerMilli;
  if (!is_in_overload_ && figures.overloads != last_.overloads) {
    is_in_overload_ = true;
    overload_began_ns_ = monotonic_ns();
    refused_before_ = last_.refused_age;
    log_->warn("overload begins: even the luckiest wait longer than the target, and who does is refused",
               {{"newest_connection", newest}, {"target_ms", target_ms}});
  }
  if (is_in_overload_ && !figures.is_overloaded) {
    is_in_overload_ = false;
    log_->info("overload has ended", {{"newest_connection", newest},
                                      {"target_ms", target_ms},
                                      {"refused", figures.refused_age - refused_before_},
                                      {"lasted_ms", (monotonic_ns() - overload_began_ns_) / kNanosPerMilli}});
  }
}

}  // namespace ms::net
