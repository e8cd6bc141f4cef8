#include "drain/html_report.h"

#include <array>
#include <string_view>
#include <utility>

#include "base/json_builder.h"
#include "drain/comparison.h"
#include "drain/curves.h"
#include "drain/drawn.h"
#include "drain/json_report.h"
#include "web/experiment_page.h"

namespace ms::drain {
namespace {

constexpr std::array<std::string_view, 12> kColumns = {"connection",   "fd",       "peer",     "connected",
                                                       "accept_begin", "accepted", "enqueued", "taken",
                                                       "complete",     "ended",    "worker",   "outcome"};

// A moment of the run; what came before its begin, or never, is null.
void write_moment(JsonBuilder& json, uint64_t at_ns, uint64_t begin_ns) {
  if (at_ns < begin_ns) return json.null();
  json.integer(at_ns - begin_ns);
}

void write_passage(JsonBuilder& json, const Passage& passage, uint64_t begin_ns) {
  const net::Record& record = *passage.record;
  const net::Stamps& stamps = record.stamps;
  json.begin_array();
  json.integer(record.connection);
  json.integer(static_cast<uint64_t>(record.fd));
  json.text(record.peer.text());
  for (const uint64_t at_ns :
       {passage.attempt == nullptr ? 0 : passage.attempt->connected_ns, stamps.accept_begin_ns, stamps.accepted_ns,
        stamps.enqueued_ns, stamps.taken_ns, stamps.complete_ns, record.ended_ns}) {
    write_moment(json, at_ns, begin_ns);
  }
  json.integer(record.worker);
  // As the code where there is one: it is in nearly every row.
  record.outcome == net::Outcome::kReplied ? json.integer(record.code) : json.text(net::outcome_name(record.outcome));
  json.end_array();
}

void write_strangers(JsonBuilder& json, const Drawn& drawn, uint64_t begin_ns) {
  json.key("strangers").begin_array();
  for (const load::Attempt* stranger : drawn.strangers) {
    json.begin_array();
    json.integer(stranger->source);
    json.integer(stranger->local_port);
    write_moment(json, stranger->connected_ns, begin_ns);
    write_moment(json, stranger->ended_ns, begin_ns);
    json.end_array();
  }
  json.end_array();
}

void write_course(JsonBuilder& json, const Curves& curves) {
  const auto write_column = [&json](std::string_view name, const std::vector<uint64_t>& column) {
    json.key(name).begin_array();
    for (const uint64_t value : column) json.integer(value);
    json.end_array();
  };
  json.key("curves").begin_object();
  json.key("stretch_ns").integer(curves.stretch_ns);
  write_column("offered", curves.offered);
  write_column("accepted", curves.accepted);
  write_column("served", curves.served);
  write_column("refused", curves.refused);
  write_column("timed_out", curves.timed_out);
  write_column("listen_depth", curves.listen_depth);
  write_column("queue_length", curves.queue_length);
  json.end_object();
}

void write_run(JsonBuilder& json, const Observations& seen) {
  const Drawn drawn = choose_drawn(seen);
  json.begin_object();
  json.key("architecture").text(net::architecture_name(seen.architecture));
  json.key("workers").integer(seen.architecture == net::Architecture::kInline ? 1 : seen.workers);
  json.key("address").text(seen.records.empty() ? "" : seen.records.front().local.text());
  json.key("listen_limit").integer(seen.listen_queue.limit);
  json.key("queue_limit").integer(seen.queue_max);
  json.key("span_ns").integer(seen.end_ns - seen.begin_ns);
  json.key("connections").integer(drawn.all);
  json.key("drawn").integer(drawn.passages.size() + drawn.strangers.size());
  json.key("drawn_until");
  write_moment(json, drawn.until_ns, seen.begin_ns);
  json.key("columns").begin_array();
  for (const std::string_view column : kColumns) json.text(column);
  json.end_array();
  json.key("rows").begin_array();
  for (const Passage& passage : drawn.passages) write_passage(json, passage, seen.begin_ns);
  json.end_array();
  write_strangers(json, drawn, seen.begin_ns);
  write_course(json, trace_curves(seen));
  json.end_object();
}

}  // namespace

std::string write_experiment(const Settings& settings, std::span<const Measurement> measurements,
                             std::span<const Observations> seen) {
  JsonBuilder json;
  json.begin_object();
  json.key("description").text(describe(settings));
  json.key("figures");
  write_figures(json, settings, measurements);
  json.key("runs").begin_array();
  for (const Observations& run : seen) write_run(json, run);
  json.end_array();
  json.end_object();
  return std::move(json).take();
}

std::string write_html(const Settings& settings, std::span<const Measurement> measurements,
                       std::span<const Observations> seen) {
  const web::ExperimentPage page = web::experiment_page();
  std::string html(page.before);
  html += write_experiment(settings, measurements, seen);
  html += page.after;
  return html;
}

}  // namespace ms::drain
