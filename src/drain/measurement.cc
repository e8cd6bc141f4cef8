#include "drain/measurement.h"

#include <algorithm>
#include <span>
#include <vector>

#include "drain/timeline.h"

namespace ms::drain {
namespace {

double seconds(uint64_t duration_ns) { return static_cast<double>(duration_ns) / static_cast<double>(kNanosPerSecond); }

// The time in which clients came.
struct Window {
  uint64_t begin_ns;
  uint64_t end_ns;

  bool contains(uint64_t at_ns) const { return begin_ns <= at_ns && at_ns < end_ns; }
  double per_s(uint64_t count) const {
    return static_cast<double>(count) / seconds(std::max<uint64_t>(end_ns - begin_ns, 1000));
  }
};

Rate rate_of_clients(uint64_t count, const Window& window) { return {.count = count, .per_s = window.per_s(count)}; }

Rate rate_of_events(const std::vector<uint64_t>& moments_ns, const Window& window) {
  const auto within = std::ranges::count_if(moments_ns, [&](uint64_t at_ns) { return window.contains(at_ns); });
  return {.count = moments_ns.size(), .per_s = window.per_s(static_cast<uint64_t>(within))};
}

void measure_clients(const Observations& seen, const Window& window, Measurement& measured) {
  const load::Tally tally = load::tally(seen.attempts);
  measured.offered = rate_of_clients(tally.offered, window);
  measured.refused = rate_of_clients(tally.refused, window);
  measured.timed_out = rate_of_clients(tally.timed_out, window);
  measured.failed = rate_of_clients(tally.offered - tally.served - tally.refused - tally.timed_out, window);
  std::vector<uint64_t> served;
  std::vector<uint64_t> totals;
  for (const load::Attempt& attempt : seen.attempts) {
    if (!load::is_served(attempt)) continue;
    served.push_back(attempt.ended_ns);
    totals.push_back(attempt.ended_ns - attempt.begun_ns);
  }
  measured.served = rate_of_events(served, window);
  measured.total = load::summarize(std::move(totals));
  measured.lag = load::summarize(load::lags_ns(seen.attempts));
}

// When the next connection could be accepted.
uint64_t back_at_accept_ns(const net::Record& record, net::Architecture architecture) {
  const bool is_enqueued = architecture == net::Architecture::kPool && record.stamps.enqueued_ns != 0;
  return is_enqueued ? record.stamps.enqueued_ns : record.ended_ns;
}

void measure_door(const Observations& seen, const Window& window, Measurement& measured) {
  std::vector<uint64_t> accepted;
  std::vector<uint64_t> accepts;
  std::vector<uint64_t> waits;
  for (const Passage& passage : trace_passages(seen)) {
    const net::Record& record = *passage.record;
    accepted.push_back(record.stamps.accepted_ns);
    accepts.push_back(back_at_accept_ns(record, seen.architecture) - record.stamps.accept_begin_ns);
    if (passage.attempt == nullptr || !load::is_served(*passage.attempt)) continue;
    waits.push_back(record.stamps.taken_ns - std::min(passage.attempt->begun_ns, record.stamps.taken_ns));
  }
  measured.accepted = rate_of_events(accepted, window);
  measured.accept = load::summarize(std::move(accepts));
  measured.wait = load::summarize(std::move(waits));
  // Numbers are given out one by one.
  if (!seen.records.empty()) measured.records_lost = seen.records.back().connection - seen.records.size();
}

// A number that changes in steps: its mean over a time, and its greatest.
struct Course {
  double mean = 0;
  uint64_t max = 0;
};

Course follow(std::span<const Step> steps, const Window& window) {
  Course course;
  double area = 0;
  int64_t value = 0;
  uint64_t since_ns = window.begin_ns;
  for (const Step& step : steps) {
    const uint64_t at_ns = std::clamp(step.at_ns, window.begin_ns, window.end_ns);
    area += static_cast<double>(value) * static_cast<double>(at_ns - since_ns);
    since_ns = at_ns;
    value += step.change;
    course.max = std::max(course.max, static_cast<uint64_t>(std::max<int64_t>(value, 0)));
  }
  area += static_cast<double>(value) * static_cast<double>(window.end_ns - since_ns);
  if (window.end_ns > window.begin_ns) course.mean = area / static_cast<double>(window.end_ns - window.begin_ns);
  return course;
}

void measure_listen_queue(const Observations& seen, const Window& window, Measurement& measured) {
  std::vector<Step> steps;
  int64_t depth = 0;
  for (const DepthSample& sample : seen.depths) {
    steps.push_back({sample.at_ns, static_cast<int>(static_cast<int64_t>(sample.depth) - depth)});
    depth = static_cast<int64_t>(sample.depth);
  }
  const Course course = follow(steps, window);
  measured.listen_queue = {.mean = course.mean,
                           .max = std::max(course.max, seen.depth_max),
                           .limit = seen.listen_queue.limit,
                           .drops = seen.listen_queue.drops};
}

void measure_connection_queue(const Observations& seen, const Window& window, Measurement& measured) {
  if (seen.architecture == net::Architecture::kInline) return;
  const Course course = follow(queue_steps(seen.records), window);
  measured.connection_queue = {.mean = course.mean, .max = course.max, .bound = seen.queue_max};
  for (const net::Record& record : seen.records) {
    const uint64_t left_ns = left_queue_ns(record);
    if (left_ns == 0) continue;
    const uint64_t age_ns = left_ns - std::min(record.stamps.accepted_ns, left_ns);
    measured.connection_queue.age_max_ns = std::max(measured.connection_queue.age_max_ns, age_ns);
  }
}

// Inline is one server whose room is the listen queue, which holds one more than its limit; nobody is refused. The
// pool's workers are servers, or the cores are, where the work needs them.
queueing::Prediction predict(const Settings& settings, const Observations& seen) {
  const bool is_inline = seen.architecture == net::Architecture::kInline;
  const size_t workers = is_inline ? 1 : settings.workers;
  queueing::Inputs inputs{.rate_per_s = settings.rate_per_s,
                          .service_time_s = seconds(settings.service_time_ns),
                          .servers = settings.work == Work::kSpin ? std::min(workers, settings.cores) : workers,
                          .room = is_inline ? seen.listen_queue.limit + size_t{1} : seen.queue_max};
  if (!is_inline) {
    inputs.target_s = seconds(settings.queue_target_ns);
    inputs.deadline_s = seconds(settings.queue_deadline_ns);
  }
  return queueing::predict(inputs);
}

}  // namespace

Measurement measure(const Settings& settings, const Observations& seen) {
  Measurement measured{.architecture = seen.architecture,
                       .span_s = seconds(seen.end_ns - seen.begin_ns),
                       .syn_retransmits = seen.syn_retransmits,
                       .descriptors_max = seen.descriptors_max};
  const bool is_burst = settings.burst != 0;
  const Window window{seen.begin_ns, is_burst ? seen.end_ns : seen.begin_ns + settings.duration_ns};
  measure_clients(seen, window, measured);
  measure_door(seen, window, measured);
  measure_listen_queue(seen, window, measured);
  measure_connection_queue(seen, window, measured);
  const double connections = static_cast<double>(std::max<uint64_t>(measured.offered.count, 1));
  measured.server_cpu_us = static_cast<double>(seen.server_cpu_ns) / 1000 / connections;
  measured.clients_cpu_us = static_cast<double>(seen.clients_cpu_ns) / 1000 / connections;
  if (is_burst) return measured;
  measured.predicted = predict(settings, seen);
  measured.outlasts_patience =
      measured.predicted->wait_p99_s + seconds(settings.service_time_ns) > seconds(kClientTimeoutNs);
  return measured;
}

}  // namespace ms::drain
