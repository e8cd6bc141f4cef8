#include "load/ingest_report.h"

#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/figures.h"
#include "load/report_lines.h"

namespace ms::load {
namespace {

uint64_t elapsed_ns(const IngestTally& tally) { return tally.ended_ns - tally.begun_ns; }

std::optional<double> samples_per_s(const IngestTally& tally) {
  return ratio(static_cast<double>(tally.samples_acked) * 1e9, elapsed_ns(tally));
}

std::optional<double> bytes_per_sample(const IngestTally& tally) {
  return ratio(static_cast<double>(tally.body_bytes), tally.samples_sent);
}

// Of a million samples that were acknowledged.
std::optional<double> seconds_per_million(uint64_t nanoseconds, const IngestTally& tally) {
  return ratio(seconds(nanoseconds) * 1e6, tally.samples_acked);
}

// What became of requests that have no whole reply, and of connects; by the name in the JSON.
std::vector<std::pair<const char*, uint64_t>> failures(const IngestTally& tally) {
  return {{"reset", tally.reset},
          {"timed_out", tally.timed_out},
          {"cut_short", tally.cut_short},
          {"broken_reply", tally.broken},
          {"connect_refused", tally.connect_refused},
          {"connect_failed", tally.connect_failed}};
}

void write_tally(JsonBuilder& json, const IngestTally& tally) {
  json.key("requests").integer(tally.requests);
  json.key("samples_sent").integer(tally.samples_sent);
  json.key("samples_acked").integer(tally.samples_acked);
  json.key("statuses").begin_object();
  for (const auto& [status, count] : tally.statuses) json.key(std::to_string(status)).integer(count);
  json.end_object();
  json.key("connects").integer(tally.connects);
  for (const auto& [name, count] : failures(tally)) json.key(name).integer(count);
}

void write_server(JsonBuilder& json, const IngestRun& run) {
  const bool is_known = !run.server.pids.empty();
  write_real(json, "server_cpu_s_per_million",
             is_known ? seconds_per_million(run.server.cpu_ns, run.figures.tally) : std::nullopt);
  json.key("server_rss_bytes_max");
  is_known ? json.integer(run.server.rss_bytes_max) : json.null();
  json.key("server_pids").begin_array();
  for (const pid_t pid : run.server.pids) json.integer(static_cast<uint64_t>(pid));
  json.end_array();
}

void write_settings(JsonBuilder& json, const IngestRun& run) {
  const IngestSettings& settings = run.settings;
  json.key("settings").begin_object();
  json.key("url").text(run.url);
  json.key("path").text(run.path);
  json.key("series").integer(settings.series);
  json.key("samples_per_request").integer(settings.samples_per_request);
  json.key("connections").integer(settings.connections);
  if (settings.samples != 0) {
    json.key("samples").integer(settings.samples);
  } else {
    json.key("duration_s").decimal(settings.duration_ns, 9);
  }
  json.key("start_time").text(format_utc(run.figures.start_ms));
  json.key("step_s").decimal(static_cast<uint64_t>(settings.step_ms), 3);
  json.key("timeout_s").decimal(settings.timeout_ns, 9);
  json.key("seed").integer(settings.seed);
  json.key("netns").text(settings.network_namespace);
  json.end_object();
}

std::string count_of(uint64_t count) { return figure(static_cast<double>(count)); }

// "204 3,600, reset 2": what there was of each.
std::string describe_outcomes(const IngestTally& tally) {
  std::string text;
  const auto add = [&text](std::string name, uint64_t count) {
    for (char& c : name) c = c == '_' ? ' ' : c;
    text += (text.empty() ? "" : ", ") + name + " " + count_of(count);
  };
  for (const auto& [status, count] : tally.statuses) add(std::to_string(status), count);
  for (const auto& [name, count] : failures(tally)) {
    if (count != 0) add(name, count);
  }
  return text;
}

std::string describe_cpu(const IngestRun& run) {
  const auto of_a_million = [&](uint64_t nanoseconds) {
    return describe_duration(ratio(static_cast<double>(nanoseconds) * 1e6, run.figures.tally.samples_acked));
  };
  const std::string server = run.server.pids.empty() ? "" : "server " + of_a_million(run.server.cpu_ns) + ", ";
  return server + "generator " + of_a_million(run.figures.cpu_ns) + " a million samples, besides " +
         of_a_million(run.figures.build_cpu_ns) + " to build them";
}

}  // namespace

uint64_t samples_not_sent(const IngestRun& run) {
  const uint64_t sent = run.figures.tally.samples_sent;
  return run.settings.samples > sent ? run.settings.samples - sent : 0;
}

void write_ingest(JsonBuilder& json, const IngestRun& run) {
  const IngestTally& tally = run.figures.tally;
  json.begin_object();
  json.key("protocol").text(protocol_name(run.settings.protocol));
  write_tally(json, tally);
  json.key("samples_not_sent").integer(samples_not_sent(run));
  json.key("elapsed_s").real(seconds(elapsed_ns(tally)));
  write_real(json, "samples_per_s", samples_per_s(tally));
  write_us(json, "request_us", tally.replies);
  write_real(json, "generator_cpu_s_per_million", seconds_per_million(run.figures.cpu_ns, tally));
  write_real(json, "build_cpu_s_per_million", seconds_per_million(run.figures.build_cpu_ns, tally));
  json.key("waited_for_requests_s").real(seconds(run.figures.waited_ns));
  write_server(json, run);
  write_real(json, "body_bytes_per_sample", bytes_per_sample(tally));
  write_settings(json, run);
  json.end_object();
}

std::string draw_ingest(const IngestRun& run) {
  const IngestSettings& settings = run.settings;
  const IngestTally& tally = run.figures.tally;
  std::string text = "ingest, " + count_of(settings.connections) + " connections, " +
                     count_of(settings.samples_per_request) + " samples a request, " + count_of(settings.series) +
                     " series: " + std::string(protocol_name(settings.protocol)) + " to " + run.path + " of " +
                     run.url + "\n\n";
  text += report_line("samples", count_of(tally.samples_acked) + " acknowledged of " + count_of(tally.samples_sent) +
                                     " in " + duration(static_cast<double>(elapsed_ns(tally))));
  if (const uint64_t not_sent = samples_not_sent(run); not_sent != 0) {
    text += report_line("not sent", count_of(not_sent) + ": the server took no connection any more");
  }
  text += report_line("rate", describe_figure(samples_per_s(tally)) + " samples a second, of " +
                                  describe_figure(bytes_per_sample(tally)) + " bytes each");
  text += report_line("requests", count_of(tally.requests) + ": " + describe_outcomes(tally));
  text += report_line("latency", describe_quantiles(tally.replies));
  text += report_line("CPU", describe_cpu(run));
  if (!run.server.pids.empty()) {
    text += report_line("server's memory", figure(static_cast<double>(run.server.rss_bytes_max) / 1e6) + " MB at most");
  }
  if (run.figures.waited_ns != 0) {
    text += report_line("stood still",
                        duration(static_cast<double>(run.figures.waited_ns)) + " for requests that were not built yet");
  }
  return text;
}

}  // namespace ms::load
