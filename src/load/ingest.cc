#include "load/ingest.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "load/network_namespace.h"

namespace ms::load {
namespace {

// More than any server is expected to take on the machines that this runs on: for how fast a run without an end may go.
constexpr uint64_t kSamplesPerSecondMax = 5'000'000;
constexpr int64_t kWeekMs = 7 * 24 * 3600 * 1000LL;
constexpr size_t kBuilders = 2;

uint64_t expected_samples(const IngestSettings& settings) {
  if (settings.samples != 0) return settings.samples;
  return settings.duration_ns / kNanosPerMilli * (kSamplesPerSecondMax / 1000);
}

// Servers refuse what is far in the future, and what is older than their retention: a run without an end begins a week
// ago at most.
int64_t start_of(const IngestSettings& settings, int64_t now_ms) {
  if (settings.start_ms) return *settings.start_ms;
  const uint64_t steps = (expected_samples(settings) + settings.series - 1) / settings.series;
  const int64_t span_ms = static_cast<int64_t>(steps) * settings.step_ms;
  return now_ms - (settings.samples == 0 ? std::min(span_ms, kWeekMs) : span_ms);
}

uint64_t samples_ahead(const IngestSettings& settings, const WriteRequests& requests) {
  constexpr uint64_t kBytesMax = uint64_t{2} << 30;
  const auto memory_bytes = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(getpagesize());
  const uint64_t bytes = std::min(kBytesMax, memory_bytes / 4);
  const WriteRequest sample = requests.encode({.first = 0, .count = settings.series}, 0, settings.samples_per_request);
  const uint64_t fitting = bytes / sample.bytes.size() * settings.samples_per_request;
  return std::min(expected_samples(settings), fitting);
}

RequestSupply::Settings supply_of(const IngestSettings& settings, const WriteRequests& requests) {
  return {.lanes = settings.connections,
          .series = settings.series,
          .samples_per_request = settings.samples_per_request,
          .samples = settings.samples == 0 ? std::nullopt : std::optional(settings.samples),
          .samples_ahead = samples_ahead(settings, requests),
          .builders = kBuilders};
}

}  // namespace

Ingest::Ingest(const IngestSettings& settings, const HttpTarget& target, int64_t now_ms)
    : settings_(settings),
      start_ms_(start_of(settings, now_ms)),
      requests_({.target = target,
                 .protocol = settings.protocol,
                 .series = settings.series,
                 .seed = settings.seed,
                 .start_ms = start_ms_,
                 .step_ms = settings.step_ms}),
      supply_(requests_, supply_of(settings, requests_)),
      loop_({.target = target.address, .connections = settings.connections, .timeout_ns = settings.timeout_ns},
            supply_) {}

void Ingest::prepare(const std::function<void(uint64_t samples)>& on_progress) { supply_.wait_filled(on_progress); }

void Ingest::start() {
  thread_.emplace("ingest", [this] {
    run();
    done_.release();
  });
}

void Ingest::run() {
  const uint64_t cpu_before_ns = thread_cpu_ns();
  if (auto entered = enter_network_namespace(settings_.network_namespace); !entered) {
    tally_ = std::unexpected(std::move(entered).error());
    return;
  }
  tally_ = loop_.run();
  cpu_ns_ = thread_cpu_ns() - cpu_before_ns;
}

Result<IngestFigures> Ingest::take_figures() {
  thread_->join();
  if (!tally_) return std::unexpected(std::move(tally_).error());
  return IngestFigures{.tally = std::move(*tally_),
                       .start_ms = start_ms_,
                       .cpu_ns = cpu_ns_,
                       .build_cpu_ns = supply_.cpu_ns(),
                       .waited_ns = supply_.waited_ns()};
}

}  // namespace ms::load
