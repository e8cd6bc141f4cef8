#include "api/self_metrics.h"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/histogram.h"
#include "wire/text_exposition.h"

namespace ms::api {
namespace {

using model::MetricType;

// Tells the metrics, or those of them that are recorded; the prefix is said once.
class Page {
 public:
  enum class Scope { kAll, kRecorded };

  Page(wire::Exposition& exposition, Scope scope) : exposition_(exposition), scope_(scope) {}

  // The next metric is one of those that the server records in its store.
  Page& recorded() {
    is_next_recorded_ = true;
    return *this;
  }
  void gauge(std::string_view name, std::string_view help, double value) { one(name, MetricType::kGauge, help, value); }
  void counter(std::string_view name, std::string_view help, double value) {
    one(name, MetricType::kCounter, help, value);
  }
  void family(std::string_view name, MetricType type, std::string_view help) {
    metric("metricstream_" + std::string(name), type, help);
  }
  // As the clients of Prometheus name a process's figures, without our prefix.
  void process(std::string_view name, MetricType type, std::string_view help, double value) {
    metric("process_" + std::string(name), type, help);
    sample(value);
  }
  void labelled(std::string_view label, std::string_view label_value, double value) {
    const std::array labels = {model::Label{label, label_value}};
    if (is_told_) exposition_.sample(value, labels);
  }
  void histogram(std::string_view label, std::string_view label_value, const DurationHistogram::Snapshot& durations);

 private:
  void metric(std::string_view name, MetricType type, std::string_view help) {
    is_told_ = scope_ == Scope::kAll || is_next_recorded_;
    is_next_recorded_ = false;
    if (is_told_) exposition_.metric(name, type, help);
  }
  void sample(double value) {
    if (is_told_) exposition_.sample(value);
  }
  void one(std::string_view name, MetricType type, std::string_view help, double value) {
    family(name, type, help);
    sample(value);
  }

  wire::Exposition& exposition_;
  const Scope scope_;
  bool is_next_recorded_ = false;
  bool is_told_ = true;  // the metric at hand
};

double real(uint64_t number) { return static_cast<double>(number); }

// Divided, not multiplied by 1e-9: so 1000 ns are written as 1e-06, with no trace of binary fractions.
double seconds(uint64_t nanoseconds) { return real(nanoseconds) / 1e9; }

void Page::histogram(std::string_view label, std::string_view label_value,
                     const DurationHistogram::Snapshot& durations) {
  if (!is_told_) return;
  std::array<double, DurationHistogram::kUpperBoundsNs.size()> bounds;
  std::ranges::transform(DurationHistogram::kUpperBoundsNs, bounds.begin(), seconds);
  const std::array labels = {model::Label{label, label_value}};
  exposition_.histogram(bounds, durations.counts, seconds(durations.sum_ns), labels);
}

void write_wait_bound(Page& page, std::string_view name, std::string_view help,
                      const net::FrontDoorStats::Quantiles& waits) {
  page.family(name, MetricType::kSummary, help);
  page.labelled("quantile", "0.5", seconds(waits.p50_ns));
  page.labelled("quantile", "0.99", seconds(waits.p99_ns));
}

void write_listen_queues(Page& page, const net::FrontDoorStats& door) {
  page.recorded().family("listen_queue_depth", MetricType::kGauge,
                         "Connections that wait in the kernel's listen queue right now, by listening address.");
  for (const auto& [address, queue] : door.listen_queues) page.labelled("listen", address, queue.depth);
  page.recorded().family("listen_queue_limit", MetricType::kGauge,
                         "Backlog of the listen queue, as the kernel keeps it.");
  for (const auto& [address, queue] : door.listen_queues) page.labelled("listen", address, queue.limit);
  page.recorded().family(
      "listen_drops_total", MetricType::kCounter,
      "SYNs and handshakes' last ACKs that the listening socket dropped; one client's count each time it tries.");
  for (const auto& [address, queue] : door.listen_queues) page.labelled("listen", address, queue.drops);
  page.counter("netns_listen_overflows_total",
               "ListenOverflows of the whole network namespace, every program's listen queues.",
               real(door.kernel.listen_overflows));
  page.counter("netns_listen_drops_total",
               "ListenDrops of the whole network namespace, every program's listening sockets.",
               real(door.kernel.listen_drops));
  page.recorded().counter("listen_queue_depth_samples_total",
                          "Looks that the accept loop took at the depth before draining.",
                          real(door.listen_depth_samples));
  page.recorded().counter("listen_queue_depth_found_total",
                          "Sum of the depths found; by the samples, the mean that the accept loop finds.",
                          real(door.listen_depth_sum));
  page.gauge("listen_queue_depth_max", "Greatest depth found since the start.", real(door.listen_depth_max));
  page.counter("listen_queue_waits_sampled_total", "Connections whose wait in the listen queue was estimated.",
               real(door.kernel_waits_sampled));
  write_wait_bound(page, "listen_queue_wait_at_least_seconds", "Lower bounds of these waits since the start.",
                   door.kernel_wait_at_least);
  write_wait_bound(page, "listen_queue_wait_at_most_seconds", "Upper bounds of these waits since the start.",
                   door.kernel_wait_at_most);
}

void write_connections(Page& page, const net::FrontDoorStats& door) {
  page.recorded().counter("accepted_connections_total", "Connections drained from the listen queue.",
                          real(door.accepted));
  page.counter("accept_failures_total",
               "Times that a connection could not be taken for want of a descriptor or memory.",
               real(door.accept_failures));
  page.counter(
      "accept_pauses_total",
      "Pauses of the accept loop, in which it waited for a descriptor, for memory, or for the refusing thread.",
      real(door.accept_pauses));
  page.counter("accept_loop_cpu_seconds_total", "CPU time of the accept loop's thread.", seconds(door.accept_cpu_ns));
  page.recorded().gauge("connection_queue_length", "Connections accepted and not yet taken by a worker.",
                        real(door.queue_length));
  page.gauge("connection_queue_limit", "Length at which further connections are refused.", real(door.queue_max));
  page.recorded().gauge("connection_queue_age_seconds", "How long the oldest of them has waited.",
                        seconds(door.queue_age_ns));
  page.gauge("connection_queue_target_seconds",
             "Wait beyond which connections and requests are refused while there is overload.",
             seconds(door.queue_target_ns));
  page.gauge("connection_queue_deadline_seconds", "Wait beyond which they are always refused.",
             seconds(door.queue_deadline_ns));
  page.gauge("overloaded", "1 while there is overload: even the luckiest wait longer than the target.",
             door.is_overloaded ? 1 : 0);
  page.counter("overloads_total", "How often overload began.", real(door.overloads));
  page.recorded().gauge("open_connections", "Connections accepted and not closed.", real(door.open_connections));
  page.gauge("connections_limit", "Open connections at which further ones are refused.", real(door.connections_max));
  page.recorded().counter("served_connections_total", "Connections that a worker has taken.",
                          real(door.connections_served));
  page.recorded().family("refused_connections_total", MetricType::kCounter,
                         "Connections answered 503 unserved, by reason.");
  page.labelled("reason", "connections_limit", real(door.refused_connections));
  page.labelled("reason", "queue_limit", real(door.refused_queue));
  page.labelled("reason", "queue_age", real(door.refused_age));
  page.labelled("reason", "descriptors", real(door.refused_descriptors));
  page.gauge("refuser_connections", "Connections that are being refused or closed with bytes unread.",
             real(door.refuser_held));
  page.counter("refuser_evictions_total", "Such connections closed early, to make room for newer ones.",
               real(door.refuser_evictions));
  page.counter("broken_connections_total", "Connections that failed in the middle of a request or its reply.",
               real(door.broken));
  page.family("connection_timeouts_total", MetricType::kCounter,
              "Deadlines that passed: idle between requests, receiving a request, sending a reply.");
  page.labelled("kind", "idle", real(door.idle_timeouts));
  page.labelled("kind", "receive", real(door.receive_timeouts));
  page.labelled("kind", "send", real(door.send_timeouts));
}

void write_requests(Page& page, const net::FrontDoorStats& door, const http::HttpService& service) {
  page.recorded().counter("requests_total", "Requests whose reply is with the kernel.", real(door.requests));
  page.family("http_responses_total", MetricType::kCounter, "HTTP responses, by status code.");
  for (const auto& [status, count] : service.responses()) page.labelled("code", std::to_string(status), real(count));
  const ByteBudget& bodies = service.bodies();
  page.gauge("body_bytes", "Bodies of requests that are not answered yet, as come and as decoded.",
             real(bodies.bytes()));
  page.gauge("body_bytes_limit", "Bytes at which further ones are refused.", real(bodies.bytes_max()));
  page.counter("bodies_refused_total", "Requests answered 503 because those bytes were used up.",
               real(bodies.refusals()));
  page.recorded().family("stage_seconds", MetricType::kHistogram,
                         "Time that requests spend in each stage, from accept4 to the reply.");
  for (size_t i = 0; i < net::kStages; ++i) {
    page.histogram("stage", net::stage_name(static_cast<net::Stage>(i)), door.stages[i]);
  }
}

void write_front_door(Page& page, const net::FrontDoorStats& door, const http::HttpService& service) {
  write_listen_queues(page, door);
  write_connections(page, door);
  write_requests(page, door, service);
}

void write_store(Page& page, const storage::Store& store) {
  const storage::Store::Stats stats = store.stats();
  const storage::Store::Health health = store.health();
  page.gauge("store_accepts_writes", "1 while writes can be stored, 0 while they are refused; /health says why.",
             health.accepts_writes ? 1 : 0);
  page.gauge("store_damaged_places", "Damaged places found in the log at the start and set aside.",
             real(health.damaged_places));
  page.gauge("store_series", "Series known to the store; those of refused writes too, until a restart.",
             real(stats.series));
  page.gauge("store_series_limit", "Series beyond which new ones are rejected; 0: no limit.", real(stats.series_max));
  page.counter("store_series_rejected_total", "Series rejected for that limit, each time that they were sent.",
               real(stats.series_rejected));
  page.counter("store_samples_rejected_total", "Samples in them.", real(stats.samples_rejected));
  page.counter("store_samples_total", "Samples written to the log and applied since the start.",
               real(stats.samples_appended));
  page.gauge("store_samples_replayed", "Samples replayed from the log at the start.", real(stats.samples_replayed));
  page.counter("store_writes_refused_total", "Writes answered 503: no memory, no disk, a full queue, a failed log.",
               real(stats.writes_refused));
  page.counter("store_writes_refused_age_total", "Writes answered 503 because they waited too long for their commit.",
               real(stats.writes_refused_age));
  page.counter("store_write_overloads_total", "How often writes began to wait too long for their commit.",
               real(stats.write_overloads));
  page.gauge("store_write_queue_bytes", "Writes queued, committed or being synced, and not acknowledged yet.",
             real(stats.write_queue_bytes));
  page.gauge("store_write_queue_limit_bytes", "Bytes at which further writes are refused.",
             real(stats.write_queue_bytes_max));
  page.counter("store_series_cache_hits_total", "Series found by their raw labels.", real(stats.series_cache_hits));
  page.counter("store_series_cache_misses_total", "Series whose labels had to be decoded.",
               real(stats.series_cache_misses));
  page.counter("wal_commits_total", "Group commits written to the log.", real(stats.commits));
  page.counter("wal_bytes_total", "Bytes written to the log.", real(stats.log_bytes));
  page.gauge("wal_segments", "Segment files of the log that hold data.", real(stats.log_segments));
  page.counter("wal_syncs_total", "fdatasync calls on the log.", real(stats.syncs));
  page.counter("wal_sync_seconds_total", "Time spent in them.", seconds(stats.sync_ns));
  page.gauge("memory_bytes", "Anonymous memory of the process.", real(stats.memory_bytes));
  page.gauge("memory_limit_bytes", "Memory beyond which writes are refused.", real(stats.memory_bytes_max));
  page.gauge("disk_free_bytes", "Free space of the data directory's file system.", real(stats.disk_free_bytes));
  page.gauge("disk_free_min_bytes", "Free space below which writes are refused.", real(stats.disk_free_bytes_min));
}

void write_pools(Page& page, const WorkPool::Stats& queries, const WorkPool::Stats& heavy) {
  page.gauge("query_queue_length", "Queries that wait for a thread.", real(queries.queue_length));
  page.counter("queries_refused_total", "Queries refused because the queue was full.", real(queries.refused_full));
  page.gauge("heavy_queue_length", "Writes with large bodies that wait for a thread.", real(heavy.queue_length));
  page.family("heavy_refused_total", MetricType::kCounter, "Such writes answered 503, by reason.");
  page.labelled("reason", "queue_limit", real(heavy.refused_full));
  page.labelled("reason", "queue_age", real(heavy.refused_age));
}

void write_self_records(Page& page, const SelfRecordCounters& records) {
  page.counter("self_records_total", "Times that the server recorded its front door's figures in its store.",
               real(records.written.load(std::memory_order_relaxed)));
  page.counter("self_records_failed_total", "Times that it could not, and dropped them.",
               real(records.failed.load(std::memory_order_relaxed)));
}

void write_stream(Page& page, const StateStream::Stats& stream) {
  page.gauge("front_door_stream_subscribers", "Clients that follow the front door's state.", real(stream.subscribers));
  page.gauge("front_door_stream_subscribers_limit", "Such clients beyond which further ones are refused.",
             real(StateStream::kSubscribersMax));
  page.counter("front_door_stream_refused_total", "Clients answered 503 for that limit.", real(stream.refused));
  page.counter("front_door_stream_states_sent_total", "States sent to them.", real(stream.sent));
  page.counter("front_door_stream_states_skipped_total",
               "States left out, since their client had not taken the one before.", real(stream.skipped));
}

double process_cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto in_seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return in_seconds(usage.ru_utime) + in_seconds(usage.ru_stime);
}

void write_process(Page& page, double start_seconds) {
  page.process("cpu_seconds_total", MetricType::kCounter, "User and system CPU time spent, in seconds.",
               process_cpu_seconds());
  page.recorded().process("start_time_seconds", MetricType::kGauge, "When the process started, in Unix seconds.",
                          start_seconds);
}

}  // namespace

void SelfMetrics::add_routes(http::Router& router) {
  router.add({"/metrics", {"GET"}, [this](http::Request&, http::Responder responder) {
                std::move(responder).send({.content_type = wire::kTextExpositionContentType, .body = write_text()});
              }});
}

std::string SelfMetrics::write_text() const {
  wire::TextExposition text;
  Page page(text, Page::Scope::kAll);
  page.family("build_info", MetricType::kGauge, "1, with the version of this build.");
  page.labelled("version", version_, 1);
  page.gauge("time_seconds", "This machine's clock, in Unix seconds.", static_cast<double>(wall_ms()) / 1000);
  write_front_door(page, front_door_.stats(), service_);
  write_store(page, store_);
  write_pools(page, queries_.stats(), heavy_.stats());
  write_self_records(page, records_);
  write_stream(page, stream_.stats());
  write_process(page, start_seconds_);
  return std::move(text).take();
}

void SelfMetrics::tell_recorded(wire::Exposition& exposition) const {
  Page page(exposition, Page::Scope::kRecorded);
  write_front_door(page, front_door_.stats(), service_);
  write_process(page, start_seconds_);
}

}  // namespace ms::api
