#include "drain/curves.h"

#include <algorithm>

#include "drain/timeline.h"

namespace ms::drain {
namespace {

constexpr uint64_t kStretchNsMin = 10 * kNanosPerMilli;

class Stretches {
 public:
  explicit Stretches(const Observations& seen) : begin_ns_(seen.begin_ns) {
    const uint64_t span_ns = std::max(seen.end_ns - seen.begin_ns, kNanosPerMilli);
    const uint64_t least_ns = (span_ns + kStretchesMax - 1) / kStretchesMax;
    length_ns_ = (least_ns + kStretchNsMin - 1) / kStretchNsMin * kStretchNsMin;
    count_ = static_cast<size_t>((span_ns + length_ns_ - 1) / length_ns_);
  }

  uint64_t length_ns() const { return length_ns_; }
  size_t count() const { return count_; }
  // What happened outside of the experiment counts to its first or last stretch.
  size_t of(uint64_t at_ns) const {
    const uint64_t since_ns = at_ns - std::min(at_ns, begin_ns_);
    return std::min(static_cast<size_t>(since_ns / length_ns_), count_ - 1);
  }

 private:
  uint64_t begin_ns_;
  uint64_t length_ns_;
  size_t count_;
};

void count_clients(const Observations& seen, const Stretches& stretches, Curves& curves) {
  for (const load::Attempt& attempt : seen.attempts) {
    ++curves.offered[stretches.of(attempt.scheduled_ns)];
    const size_t end = stretches.of(attempt.ended_ns);
    if (load::is_served(attempt)) {
      ++curves.served[end];
    } else if (attempt.outcome == load::Outcome::kTimedOut) {
      ++curves.timed_out[end];
    } else if (attempt.status == 503) {
      ++curves.refused[end];
    }
  }
}

// The greatest value in each stretch of what changes at the moments; before the first it is 0.
class Peaks {
 public:
  Peaks(const Stretches& stretches, std::vector<uint64_t>& peaks) : stretches_(stretches), peaks_(peaks) {}

  void set(uint64_t at_ns, uint64_t value) {
    fill(stretches_.of(at_ns));
    value_ = value;
    peaks_[current_] = std::max(peaks_[current_], value);
  }
  void end() { fill(peaks_.size() - 1); }
  uint64_t value() const { return value_; }

 private:
  // A value lasts until the next one.
  void fill(size_t until) {
    while (current_ < until) peaks_[++current_] = value_;
  }

  const Stretches& stretches_;
  std::vector<uint64_t>& peaks_;
  size_t current_ = 0;
  uint64_t value_ = 0;
};

}  // namespace

Curves trace_curves(const Observations& seen) {
  const Stretches stretches(seen);
  Curves curves{.stretch_ns = stretches.length_ns()};
  for (auto* column : {&curves.offered, &curves.accepted, &curves.served, &curves.refused, &curves.timed_out,
                       &curves.listen_depth, &curves.queue_length}) {
    column->resize(stretches.count());
  }
  count_clients(seen, stretches, curves);
  for (const net::Record& record : seen.records) ++curves.accepted[stretches.of(record.stamps.accepted_ns)];
  Peaks depth(stretches, curves.listen_depth);
  for (const DepthSample& sample : seen.depths) depth.set(sample.at_ns, sample.depth);
  depth.end();
  Peaks length(stretches, curves.queue_length);
  for (const Step& step : queue_steps(seen.records)) {
    length.set(step.at_ns,
               static_cast<uint64_t>(std::max<int64_t>(0, static_cast<int64_t>(length.value()) + step.change)));
  }
  length.end();
  return curves;
}

}  // namespace ms::drain
