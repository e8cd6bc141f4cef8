#include "drain/json_report.h"

#include <string_view>

#include "drain/comparison.h"
#include "drain/json_object.h"

namespace ms::drain {
namespace {

using Object = JsonObject;

void write_settings(Object& all, const Settings& settings) {
  Object object = all.object("settings");
  if (settings.burst != 0) {
    object.count("burst", settings.burst);
  } else {
    object.number("rate_per_s", settings.rate_per_s);
    object.number("duration_s", static_cast<double>(settings.duration_ns) / 1e9);
  }
  object.milliseconds("service_time_ms", static_cast<double>(settings.service_time_ns));
  object.text("work", settings.work == Work::kSleep ? "sleep" : "spin");
  object.count("workers", settings.workers);
  object.count("cores", settings.cores);
  object.count("backlog", static_cast<uint64_t>(settings.backlog));
  object.milliseconds("queue_target_ms", static_cast<double>(settings.queue_target_ns));
  object.milliseconds("queue_deadline_ms", static_cast<double>(settings.queue_deadline_ns));
  object.milliseconds("client_timeout_ms", static_cast<double>(kClientTimeoutNs));
}

void write_times(Object& parent, std::string_view key, const load::Summary& times) {
  Object object = parent.object(key);
  object.milliseconds("mean", times.mean_ns);
  object.milliseconds("p50", static_cast<double>(times.p50_ns));
  object.milliseconds("p99", static_cast<double>(times.p99_ns));
  object.milliseconds("max", static_cast<double>(times.max_ns));
}

// null for all that is not to be told of a prediction beyond the clients' patience.
void write_prediction(Object& parent, const Measurement& measured, double service_time_s) {
  const queueing::Prediction& predicted = *measured.predicted;
  const auto tell = [&measured](Object& object, std::string_view key, double number) {
    measured.outlasts_patience ? object.null(key) : object.number(key, number);
  };
  const auto tell_times = [&](Object& object, double later_by_s) {
    tell(object, "mean", (predicted.mean_wait_s + later_by_s) * 1000);
    tell(object, "p50", (predicted.wait_p50_s + later_by_s) * 1000);
    tell(object, "p99", (predicted.wait_p99_s + later_by_s) * 1000);
  };
  Object object = parent.object("predicted");
  object.text("formula", predicted.formula);
  object.number("utilisation", predicted.utilisation);
  tell(object, "served_per_s", predicted.served_per_s);
  tell(object, "lost_per_s", predicted.lost_per_s);
  object.number("mean_queue", predicted.mean_queue);
  {
    Object wait = object.object("wait_ms");
    tell_times(wait, 0);
  }
  Object total = object.object("total_ms");
  tell_times(total, service_time_s);
}

void write_queues(Object& object, const Measurement& measured) {
  {
    Object accept = object.object("accept_us");
    accept.number("p50", static_cast<double>(measured.accept.p50_ns) / 1000);
    accept.number("p99", static_cast<double>(measured.accept.p99_ns) / 1000);
  }
  {
    Object queue = object.object("listen_queue");
    queue.number("mean", measured.listen_queue.mean);
    queue.count("max", measured.listen_queue.max);
    queue.count("limit", measured.listen_queue.limit);
    queue.count("drops", measured.listen_queue.drops);
  }
  object.count("syn_retransmits", measured.syn_retransmits);
  Object queue = object.object("connection_queue");
  queue.number("mean_length", measured.connection_queue.mean);
  queue.count("max_length", measured.connection_queue.max);
  queue.milliseconds("max_age_ms", static_cast<double>(measured.connection_queue.age_max_ns));
}

void write_measurement(Object& all, const Settings& settings, const Measurement& measured) {
  Object object = all.object(net::architecture_name(measured.architecture));
  object.number("offered_per_s", measured.offered.per_s);
  object.number("accepted_per_s", measured.accepted.per_s);
  object.number("served_per_s", measured.served.per_s);
  object.number("refused_per_s", measured.refused.per_s);
  object.number("timed_out_per_s", measured.timed_out.per_s);
  {
    Object counts = object.object("counts");
    counts.count("offered", measured.offered.count);
    counts.count("accepted", measured.accepted.count);
    counts.count("served", measured.served.count);
    counts.count("refused", measured.refused.count);
    counts.count("timed_out", measured.timed_out.count);
    counts.count("failed", measured.failed.count);
  }
  write_queues(object, measured);
  write_times(object, "wait_ms", measured.wait);
  write_times(object, "total_ms", measured.total);
  write_times(object, "client_lag_ms", measured.lag);
  if (measured.predicted) {
    write_prediction(object, measured, static_cast<double>(settings.service_time_ns) / 1e9);
  } else {
    object.null("predicted");
  }
}

}  // namespace

std::string write_json(const Settings& settings, std::span<const Measurement> measurements) {
  std::string out;
  {
    Object all(out);
    write_settings(all, settings);
    for (const Measurement& measured : measurements) write_measurement(all, settings, measured);
  }
  return out + "\n";
}

}  // namespace ms::drain
