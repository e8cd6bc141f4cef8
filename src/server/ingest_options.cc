#include "server/ingest_options.h"

#include <utility>
#include <vector>

#include "api/parameters.h"
#include "server/command_options.h"

namespace ms::server {
namespace {

constexpr const char* kIngestDescription =
    R"(Samples as fast as the server acknowledges them, over connections that are kept open, each of which sends its next
request when the last one is answered. Series are those of hosts with 100 metrics: counters with jitter, gauges with two
decimals, constants; one sample of each a step. Requests are built before the run: with --duration for 5 million
samples a second, which takes nearly as long as the run, and 0.14 GB for each second, up to 2 GiB or a quarter of the
memory; what is sent beyond them is built meanwhile, on the cores that the server runs on.)";

constexpr const char* kIngestFooter = R"(
Samples count as acknowledged where the reply of their request was 2xx; nothing is sent twice. Latency counts from the
end of a connection's request before, so with the time to connect anew, to the last byte of the reply.

  metricstream bench ingest                                       3.6 million samples of 10,000 series, remote write
  metricstream bench ingest --series 100000 --samples 6000000     more series
  metricstream bench ingest --protocol json --duration 10s        for a time
  metricstream bench ingest --path '/api/v1/prom/write?db=x' http://127.0.0.1:8086 --json | jq .samples_per_s

Exit status: 0 done, whatever the server answered; 1 failed, or not all was sent; 2 usage.)";

constexpr const char* kMixedDescription =
    R"(The front door under load: an ingest without pause, as bench ingest has it, and from one second later on new
connections at a fixed rate, as bench storm --rate has it, each with one small write. When these have ended the ingest
is stopped. Its requests are built first, which takes nearly as long as the run, and 0.14 GB for each second, up to 2 GiB
or a quarter of the memory.)";

constexpr const char* kMixedFooter = R"(
Options that bench storm has too are of the small writes; --series and those after it, of the ingest.

  metricstream bench mixed                                          1,000 connections a second for 8 s
  metricstream bench mixed --protocol get --path /health            health checks instead of small writes
  metricstream bench mixed --json | jq '.storm.latency_us, .storm.lag_us, .ingest.samples_per_s'

Exit status: 0 done, whatever the server answered; 1 failed; 2 usage.)";

constexpr uint64_t kStormConnections = 8000;
constexpr double kStormRate = 1000;

Result<int64_t> parse_step(const std::string& text) {
  constexpr int64_t kDayMs = 24 * 3600 * 1000;
  auto parsed = parse_time(text);
  if (parsed && (*parsed < 1 || *parsed > kDayMs)) {
    return fail(ErrorCode::kInvalid, "\"" + text + "\" is not from 1ms to 1d");
  }
  return parsed;
}

Result<int64_t> parse_start(const std::string& text) {
  auto parsed = api::parse_timestamp(text);
  if (!parsed) parsed.error().message += "; write it as 2026-01-31T12:00:00Z, or as seconds since 1970";
  return parsed;
}

CLI::Option* add_count(CLI::App& command, const std::string& flag, uint64_t& value, uint64_t max,
                       const std::string& help) {
  return add(command, flag, value, help)->type_name("N")->check(CLI::Range(uint64_t{1}, max))->capture_default_str();
}

void add_workload_options(CLI::App& command, load::IngestSettings& ingest) {
  add_count(command, "--series", ingest.series, 10'000'000, "So many series.");
  add_count(command, "--samples-per-request", ingest.samples_per_request, 1'000'000, "Samples of each request.");
  add_parsed(command, "--start-time", ingest.start_ms, "TIME", "so that the last samples are of now", parse_start,
             "Of the first samples; RFC 3339, or seconds since 1970.");
  add_parsed(command, "--step", ingest.step_ms, "DURATION", "10s", parse_step, "Time from one sample to the next.");
}

void check_ingest(const load::IngestSettings& ingest, const char* connections_flag) {
  if (ingest.connections > ingest.series) {
    throw CLI::ValidationError(connections_flag, "there are more than series, and each writes series of its own");
  }
}

// Those that have samples.
std::vector<load::Protocol> write_protocols() { return {load::Protocol::kRemoteWrite, load::Protocol::kJson}; }

}  // namespace

CLI::App* add_ingest_command(CLI::App& bench, IngestConfig& config) {
  CLI::App* command = bench.add_subcommand("ingest", kIngestDescription);
  command->footer(kIngestFooter);
  command->get_formatter()->column_width(36);
  load::IngestSettings& ingest = config.ingest;
  CLI::Option* samples = add_count(*command, "--samples", ingest.samples, 1'000'000'000'000, "So many in all.");
  CLI::Option* duration = add_parsed(*command, "--duration", ingest.duration_ns, "DURATION", "", parse_run_time,
                                     "As many as are taken in this time, instead.")
                              ->excludes(samples);
  add_count(*command, "--connections", ingest.connections, 10'000, "Connections, each with one request at a time.");
  add_workload_options(*command, ingest);
  add_parsed(*command, "--timeout", ingest.timeout_ns, "DURATION", "20s", parse_run_time,
             "How long a connection waits for a reply.");
  add_bench_options(*command, config.bench, write_protocols());
  command->parse_complete_callback([&ingest, duration] {
    if (duration->count() > 0) ingest.samples = 0;
    check_ingest(ingest, "--connections");
  });
  return command;
}

CLI::App* add_mixed_command(CLI::App& bench, MixedConfig& config) {
  CLI::App* command = bench.add_subcommand("mixed", kMixedDescription);
  command->footer(kMixedFooter);
  command->get_formatter()->column_width(36);
  load::StormSettings& storm = config.storm;
  load::IngestSettings& ingest = config.ingest;
  storm.mode = load::StormMode::kOpen;
  storm.rate_per_s = kStormRate;
  storm.units_max = kStormConnections;
  add(*command, "--rate", storm.rate_per_s, "New connections a second, as Poisson arrivals, answered or not.")
      ->type_name("R")
      ->check(real_range(0.1, 1'000'000.0))
      ->capture_default_str();
  add_count(*command, "--connections", storm.units_max, kArrivalsMax, "End after so many of them.");
  add_parsed(*command, "--timeout", storm.timeout_ns, "DURATION", "20s", parse_run_time,
             "How long a client waits for its whole reply; of both.");
  add_bench_options(*command, config.bench,
                    {load::Protocol::kJson, load::Protocol::kRemoteWrite, load::Protocol::kGet});
  add_workload_options(*command, ingest);
  add_count(*command, "--ingest-connections", ingest.connections, 10'000, "Connections of the ingest.");
  add_protocol(*command, "--ingest-protocol", ingest.protocol, write_protocols(), "What the ingest sends.");
  add_path(*command, "--ingest-path", config.ingest_path, "Where the ingest sends it; a path in the URL is not meant.");
  command->parse_complete_callback([&storm, &ingest] {
    ingest.samples = 0;
    ingest.timeout_ns = storm.timeout_ns;
    check_ingest(ingest, "--ingest-connections");
  });
  return command;
}

}  // namespace ms::server
