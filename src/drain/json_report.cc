#include "drain/json_report.h"

#include <string_view>
#include <utility>

#include "drain/comparison.h"

namespace ms::drain {
namespace {

void write_settings(JsonBuilder& json, const Settings& settings) {
  json.key("settings").begin_object();
  if (settings.burst != 0) {
    json.key("burst").integer(settings.burst);
  } else {
    json.key("rate_per_s").real(settings.rate_per_s);
    json.key("duration_s").decimal(settings.duration_ns, 9);
  }
  json.key("service_time_ms").ms(settings.service_time_ns);
  json.key("work").text(settings.work == Work::kSleep ? "sleep" : "spin");
  json.key("workers").integer(settings.workers);
  json.key("cores").integer(settings.cores);
  json.key("backlog").integer(static_cast<uint64_t>(settings.backlog));
  json.key("queue_target_ms").ms(settings.queue_target_ns);
  json.key("queue_deadline_ms").ms(settings.queue_deadline_ns);
  json.key("client_timeout_ms").ms(kClientTimeoutNs);
  json.end_object();
}

void write_times(JsonBuilder& json, std::string_view key, const load::Summary& times) {
  json.key(key).begin_object();
  json.key("mean").real(times.mean_ns / 1e6);
  json.key("p50").ms(times.p50_ns);
  json.key("p99").ms(times.p99_ns);
  json.key("max").ms(times.max_ns);
  json.end_object();
}

// null for all that is not to be told of a prediction beyond the clients' patience.
void write_prediction(JsonBuilder& json, const Measurement& measured, double service_time_s) {
  const queueing::Prediction& predicted = *measured.predicted;
  const auto tell = [&](std::string_view key, double number) {
    json.key(key);
    measured.outlasts_patience ? json.null() : json.real(number);
  };
  const auto tell_times = [&](std::string_view key, double later_by_s) {
    json.key(key).begin_object();
    tell("mean", (predicted.mean_wait_s + later_by_s) * 1000);
    tell("p50", (predicted.wait_p50_s + later_by_s) * 1000);
    tell("p99", (predicted.wait_p99_s + later_by_s) * 1000);
    json.end_object();
  };
  json.key("predicted").begin_object();
  json.key("formula").text(predicted.formula);
  json.key("utilisation").real(predicted.utilisation);
  tell("served_per_s", predicted.served_per_s);
  tell("lost_per_s", predicted.lost_per_s);
  json.key("mean_queue").real(predicted.mean_queue);
  tell_times("wait_ms", 0);
  tell_times("total_ms", service_time_s);
  json.end_object();
}

void write_queues(JsonBuilder& json, const Measurement& measured) {
  json.key("accept_us").begin_object();
  json.key("p50").us(measured.accept.p50_ns);
  json.key("p99").us(measured.accept.p99_ns);
  json.end_object();
  json.key("listen_queue").begin_object();
  json.key("mean").real(measured.listen_queue.mean);
  json.key("max").integer(measured.listen_queue.max);
  json.key("limit").integer(measured.listen_queue.limit);
  json.key("drops").integer(measured.listen_queue.drops);
  json.end_object();
  json.key("syn_retransmits").integer(measured.syn_retransmits);
  json.key("connection_queue").begin_object();
  json.key("mean_length").real(measured.connection_queue.mean);
  json.key("max_length").integer(measured.connection_queue.max);
  json.key("max_age_ms").ms(measured.connection_queue.age_max_ns);
  json.end_object();
}

void write_measurement(JsonBuilder& json, const Settings& settings, const Measurement& measured) {
  json.key(net::architecture_name(measured.architecture)).begin_object();
  json.key("offered_per_s").real(measured.offered.per_s);
  json.key("accepted_per_s").real(measured.accepted.per_s);
  json.key("served_per_s").real(measured.served.per_s);
  json.key("refused_per_s").real(measured.refused.per_s);
  json.key("timed_out_per_s").real(measured.timed_out.per_s);
  json.key("counts").begin_object();
  json.key("offered").integer(measured.offered.count);
  json.key("accepted").integer(measured.accepted.count);
  json.key("served").integer(measured.served.count);
  json.key("refused").integer(measured.refused.count);
  json.key("timed_out").integer(measured.timed_out.count);
  json.key("failed").integer(measured.failed.count);
  json.end_object();
  write_queues(json, measured);
  write_times(json, "wait_ms", measured.wait);
  write_times(json, "total_ms", measured.total);
  write_times(json, "client_lag_ms", measured.lag);
  if (measured.predicted) {
    write_prediction(json, measured, static_cast<double>(settings.service_time_ns) / 1e9);
  } else {
    json.key("predicted").null();
  }
  json.end_object();
}

}  // namespace

void write_figures(JsonBuilder& json, const Settings& settings, std::span<const Measurement> measurements) {
  json.begin_object();
  write_settings(json, settings);
  for (const Measurement& measured : measurements) write_measurement(json, settings, measured);
  json.end_object();
}

std::string write_json(const Settings& settings, std::span<const Measurement> measurements) {
  JsonBuilder json;
  write_figures(json, settings, measurements);
  return std::move(json).take() + "\n";
}

}  // namespace ms::drain
