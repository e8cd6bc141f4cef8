#include "load/storm_report.h"

#include <optional>
#include <utility>
#include <vector>

#include "base/figures.h"
#include "load/report_lines.h"

namespace ms::load {
namespace {

std::optional<double> served_per_s(const StormFigures& figures) {
  return ratio(static_cast<double>(figures.tally.served) * 1e9, figures.elapsed_ns);
}

uint64_t retransmits(const StormRun& run) { return run.server.retransmits + run.figures.retransmits; }

void write_tally(JsonBuilder& json, const StormFigures& figures) {
  const Tally& tally = figures.tally;
  json.key("offered").integer(tally.offered);
  json.key("connects").integer(figures.connects);
  json.key("served").integer(tally.served);
  json.key("refused_503").integer(tally.refused);
  json.key("other_status").begin_object();
  for (const auto& [status, count] : figures.other_status) json.key(std::to_string(status)).integer(count);
  json.end_object();
  json.key("reset").integer(tally.reset);
  json.key("timed_out").integer(tally.timed_out);
  json.key("connect_refused").integer(tally.connect_refused);
  json.key("cut_short").integer(tally.cut_short);
  json.key("broken_reply").integer(tally.broken);
  json.key("not_begun").integer(tally.not_begun);
}

void write_server(JsonBuilder& json, const ServerFigures& server, uint64_t units) {
  const auto write_per_unit = [&](const char* key, std::optional<double> sum) {
    write_real(json, key, sum ? ratio(*sum, units) : std::nullopt);
  };
  const auto known = [&server](double sum) { return server.pids.empty() ? std::nullopt : std::optional(sum); };
  write_per_unit("server_cpu_us_per_unit", known(static_cast<double>(server.cpu_ns) / 1000));
  json.key("server_pids").begin_array();
  for (const pid_t pid : server.pids) json.integer(static_cast<uint64_t>(pid));
  json.end_array();
  write_per_unit("context_switches_per_unit", known(static_cast<double>(server.context_switches)));
  write_per_unit("migrations_per_unit", server.migrations);
}

void write_queue(JsonBuilder& json, const std::optional<QueueFigures>& queue) {
  json.key("listen_queue");
  if (!queue) return json.null();
  json.begin_object();
  json.key("mean").real(queue->depths.mean);
  json.key("max").integer(queue->depths.max);
  json.key("limit").integer(queue->depths.limit);
  json.key("overflows").integer(queue->overflows);
  json.key("drops").integer(queue->drops);
  json.end_object();
}

void write_settings(JsonBuilder& json, const StormRun& run) {
  const StormSettings& settings = run.settings;
  json.key("settings").begin_object();
  json.key("url").text(run.url);
  json.key("protocol").text(protocol_name(run.protocol));
  json.key("path").text(run.path);
  if (settings.mode == StormMode::kClosed) json.key("concurrency").integer(settings.concurrency);
  if (settings.mode == StormMode::kOpen) json.key("rate_per_s").real(settings.rate_per_s);
  if (settings.units_max != 0) {
    json.key("units").integer(settings.units_max);
  } else {
    json.key("duration_s").decimal(settings.duration_ns, 9);
  }
  json.key("threads").integer(settings.threads);
  json.key("timeout_s").decimal(settings.timeout_ns, 9);
  json.key("seed").integer(settings.seed);
  json.key("netns").text(settings.network_namespace);
  json.end_object();
}

std::string describe_load(const StormRun& run) {
  const StormSettings& settings = run.settings;
  std::string text;
  switch (settings.mode) {
    case StormMode::kClosed:
      text = "closed loop, " + figure(static_cast<double>(settings.concurrency)) +
             (settings.is_keep_alive ? " connections kept alive" : " connections at a time");
      break;
    case StormMode::kOpen:
      text = "open loop, " + figure(settings.rate_per_s) + " connections a second";
      break;
    case StormMode::kBurst:
      text = "burst of " + figure(static_cast<double>(settings.units_max)) + " connections";
      break;
  }
  return text + ": " + std::string(protocol_name(run.protocol)) + " to " + run.path + " of " + run.url + "\n\n";
}

// "2xx 9,990, 503 10": what there was of each.
std::string describe_outcomes(const StormFigures& figures) {
  const Tally& tally = figures.tally;
  std::vector<std::pair<std::string, uint64_t>> parts = {{"2xx", tally.served}};
  if (tally.refused != 0) parts.emplace_back("503", tally.refused);
  for (const auto& [status, count] : figures.other_status) parts.emplace_back(std::to_string(status), count);
  const std::pair<const char*, uint64_t> failures[] = {
      {"reset", tally.reset},         {"timed out", tally.timed_out}, {"connect refused", tally.connect_refused},
      {"cut short", tally.cut_short}, {"broken reply", tally.broken}, {"not begun", tally.not_begun},
  };
  for (const auto& [name, count] : failures) {
    if (count != 0) parts.emplace_back(name, count);
  }
  std::string text;
  for (const auto& [name, count] : parts) {
    text += (text.empty() ? "" : ", ") + name + " " + figure(static_cast<double>(count));
  }
  return text;
}

std::string describe_server(const ServerFigures& server, uint64_t units) {
  std::string text = "process";
  for (const pid_t pid : server.pids) text += " " + std::to_string(pid);
  text += "; context switches " + describe_figure(ratio(static_cast<double>(server.context_switches), units));
  if (server.migrations) {
    text += ", migrations " + describe_figure(ratio(static_cast<double>(*server.migrations), units));
  }
  return text;
}

std::string describe(const QueueFigures& queue) {
  return "mean " + figure(queue.depths.mean) + ", max " + figure(queue.depths.max) + " of " +
         figure(queue.depths.limit) + "; overflows " + figure(static_cast<double>(queue.overflows)) + ", drops " +
         figure(static_cast<double>(queue.drops)) + " in this network namespace";
}

}  // namespace

void write_storm(JsonBuilder& json, const StormRun& run) {
  const StormFigures& figures = run.figures;
  const uint64_t units = figures.tally.offered;
  json.begin_object();
  json.key("mode").text(storm_mode_name(run.settings.mode));
  json.key("keep_alive").boolean(run.settings.is_keep_alive);
  write_tally(json, figures);
  json.key("elapsed_s").real(seconds(figures.elapsed_ns));
  write_real(json, "per_s", served_per_s(figures));
  write_us(json, "latency_us", figures.latency);
  write_us(json, "connect_us", figures.connect);
  write_us(json, "lag_us", figures.lag);
  write_us(json, "beyond_lag_us", figures.beyond_lag);
  write_real(json, "generator_cpu_us_per_unit", ratio(static_cast<double>(figures.cpu_ns) / 1000, units));
  write_server(json, run.server.server, units);
  write_queue(json, run.server.listen_queue);
  json.key("retransmits").integer(retransmits(run));
  write_settings(json, run);
  json.end_object();
}

std::string draw_storm(const StormRun& run) {
  const StormFigures& figures = run.figures;
  const ServerFigures& server = run.server.server;
  const uint64_t units = figures.tally.offered;
  const char* unit = run.settings.is_keep_alive ? "request" : "connection";
  std::string text = describe_load(run);
  text += report_line(std::string(unit) + "s", figure(static_cast<double>(units)) + " in " +
                                                   duration(static_cast<double>(figures.elapsed_ns)) + ": " +
                                                   describe_outcomes(figures));
  text += report_line("rate", describe_figure(served_per_s(figures)) + " served a second");
  text += report_line("latency", describe_quantiles(figures.latency));
  text += report_line("of it, connect", describe_quantiles(figures.connect));
  text += report_line("generator's lag", describe_quantiles(figures.lag));
  text += report_line("beyond the lag", describe_quantiles(figures.beyond_lag));
  const auto of_a_unit = [units](uint64_t sum_ns) {
    return describe_duration(ratio(static_cast<double>(sum_ns), units));
  };
  const std::string own = "generator " + of_a_unit(figures.cpu_ns);
  const std::string other = server.pids.empty() ? "" : "server " + of_a_unit(server.cpu_ns) + ", ";
  text += report_line("CPU", other + own + " a " + unit);
  if (!server.pids.empty()) text += report_line("server", describe_server(server, units) + " a " + unit);
  if (run.server.listen_queue) text += report_line("listen queue", describe(*run.server.listen_queue));
  text += report_line("retransmits", figure(static_cast<double>(retransmits(run))));
  return text;
}

}  // namespace ms::load
