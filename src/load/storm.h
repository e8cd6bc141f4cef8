// run_storm: many clients with small requests against one server, and what became of them.
//
// Each thread is a generator of its own, with its share of the clients, its own descriptors (so that no system call of
// one waits for the other's table) and, where that is asked for, in another network namespace.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "load/attempts.h"
#include "load/http_target.h"
#include "load/latencies.h"
#include "load/protocol.h"

namespace ms::load {

enum class StormMode : uint8_t {
  kClosed,  // so many clients, each of which comes again when it has been answered
  kOpen,    // clients come as Poisson arrivals, answered or not
  kBurst,   // all come at once
};
std::string_view storm_mode_name(StormMode mode);

// A unit is a connection, or a request where connections are kept alive.
struct StormSettings {
  StormMode mode = StormMode::kClosed;
  uint64_t concurrency = 256;                   // closed: clients at one time
  double rate_per_s = 0;                        // open: units a second
  uint64_t units_max = 0;                       // how many in all; 0: as many as come within the duration
  uint64_t duration_ns = 10 * kNanosPerSecond;  // where units_max is 0
  bool is_keep_alive = false;                   // closed
  uint64_t threads = 1;
  uint64_t timeout_ns = 20 * kNanosPerSecond;
  uint64_t seed = 1;              // of the arrivals
  std::string network_namespace;  // that the generators enter; empty: ours
};

struct StormFigures {
  Tally tally;
  uint64_t connects = 0;                      // handshakes that were done
  std::map<uint16_t, uint64_t> other_status;  // neither 2xx nor 503
  Latencies latency;     // from when a unit was due to the last byte of its reply, of those that were served
  Latencies connect;     // from when a connection was due until it stood
  Latencies lag;         // the generator's own: from when a unit was due until connect, or until its request was sent
  Latencies beyond_lag;  // what is in the latency besides: from connect, or the request, to the reply's last byte
  uint64_t elapsed_ns = 0;
  uint64_t cpu_ns = 0;       // of the generators
  uint64_t retransmits = 0;  // TCP segments sent again in a network namespace that they entered
};

// 100 requests of one sample with eight labels each, of different series; of kGet one request. Samples of remote write
// are dated `now_ms`, those of JSON when they arrive.
std::vector<std::string> small_requests(const HttpTarget& target, Protocol protocol, bool is_keep_alive,
                                        int64_t now_ms);

// Runs it from now on. Ten times a second `on_progress` is told how many units have ended. The error is that
// no client was ever connected, or the generator's: no namespace of that name, no descriptors.
Result<StormFigures> run_storm(const StormSettings& settings, const Target& target,
                               std::span<const std::string> requests,
                               const std::function<void(uint64_t ended)>& on_progress);

}  // namespace ms::load
