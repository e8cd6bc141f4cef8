// Ingest: writes a workload to a server as fast as that acknowledges it, over connections that are kept open.
//
//     Ingest ingest(settings, target, now_ms);
//     ingest.prepare(show);        // builds requests ahead, on threads of its own
//     ingest.start();              // from here on its generator, another thread, sends them
//     while (!ingest.wait_for(100ms)) show(ingest.samples_acked());
//     ingest.take_figures();
//
// Confined to one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <semaphore>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/thread.h"
#include "load/http_target.h"
#include "load/ingest_loop.h"
#include "load/protocol.h"
#include "load/request_supply.h"
#include "load/write_requests.h"

namespace ms::load {

struct IngestSettings {
  Protocol protocol = Protocol::kRemoteWrite;  // one that has samples
  uint64_t series = 10'000;
  uint64_t samples_per_request = 1000;
  uint64_t connections = 10;        // at most one for each series
  uint64_t samples = 3'600'000;     // 0: until stop(), with requests built ahead for duration_ns
  uint64_t duration_ns = 0;         // where samples is 0
  std::optional<int64_t> start_ms;  // the first timestamp; nothing: so that the last one is about now
  int64_t step_ms = 10'000;
  uint64_t timeout_ns = 20 * kNanosPerSecond;
  uint64_t seed = 1;
  std::string network_namespace;  // that the generator enters; empty: ours
};

struct IngestFigures {
  IngestTally tally;
  int64_t start_ms = 0;
  uint64_t cpu_ns = 0;        // of the generator
  uint64_t build_cpu_ns = 0;  // of the builders, most of it before the first request is sent
  uint64_t waited_ns = 0;     // that the generator stood still because requests were not built yet
};

class Ingest {
 public:
  // Takes a tenth of a second for a million series.
  Ingest(const IngestSettings& settings, const HttpTarget& target, int64_t now_ms);
  // Stops it, and waits until every request has ended.
  ~Ingest() { stop(); }

  // Builds as many requests ahead as the run needs, within a quarter of the memory and 2 GiB. Tells `on_progress` how
  // many samples are built.
  void prepare(const std::function<void(uint64_t samples)>& on_progress);

  void start();
  // Whether every request has ended, or the generator has failed. Once it says so, it is not called again.
  bool wait_for(std::chrono::nanoseconds timeout) { return done_.try_acquire_for(timeout); }
  void stop() { loop_.stop(); }
  uint64_t samples_acked() const { return loop_.samples_acked(); }

  // When all has ended. The error is that nobody listens, or the generator's own. Once.
  Result<IngestFigures> take_figures();

 private:
  void run();

  const IngestSettings settings_;
  const int64_t start_ms_;
  WriteRequests requests_;
  RequestSupply supply_;
  IngestLoop loop_;
  std::binary_semaphore done_{0};
  Result<IngestTally> tally_;
  uint64_t cpu_ns_ = 0;
  std::optional<Thread> thread_;
};

}  // namespace ms::load
