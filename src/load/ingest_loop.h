// IngestLoop: connections that write without pause: each sends its next request as soon as the reply to the last one is
// there, and connects anew when its connection has ended.
//
// Every request ends in one of five ways, which its tally counts: a whole reply, whatever its status; a reset; an end
// of the stream before the reply was whole; bytes that are no reply; no reply in time. Nothing is sent twice: what was
// refused or lost stays so. A connect that fails is tried again ten times a second.
//
// Runs in one thread with one epoll set. Sockets are registered once, edge-triggered: a request of some ten kilobytes
// costs one send, one wait and two reads.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>

#include "base/clock.h"
#include "base/error.h"
#include "load/http_target.h"
#include "load/latencies.h"
#include "load/request_supply.h"

namespace ms::load {

struct IngestTally {
  uint64_t requests = 0;  // begun; each is counted once among the statuses and the four below
  std::map<uint16_t, uint64_t> statuses;
  uint64_t reset = 0;
  uint64_t cut_short = 0;
  uint64_t broken = 0;
  uint64_t timed_out = 0;
  uint64_t samples_sent = 0;   // of all requests
  uint64_t samples_acked = 0;  // of those with a reply of 2xx
  uint64_t body_bytes = 0;     // of all requests
  uint64_t connects = 0;       // handshakes that were done
  uint64_t connect_refused = 0;
  uint64_t connect_failed = 0;  // in any other way
  Latencies replies;            // from the end of the request before, or the begin, to the whole reply, of 2xx
  uint64_t begun_ns = 0;        // when the first request was due
  uint64_t ended_ns = 0;        // the last end of one
};

class IngestLoop {
 public:
  struct Settings {
    Target target;
    size_t connections = 1;                      // as many as the supply has lanes
    uint64_t timeout_ns = 20 * kNanosPerSecond;  // of a request, and of connecting
  };

  // `supply` outlives it.
  IngestLoop(const Settings& settings, RequestSupply& supply) : settings_(settings), supply_(supply) {}

  // Returns when the supply has no more, or stop() was called, and every request has ended; or when no connection could
  // be made for the time of the timeout. An error where no connect has ever succeeded: then nothing was sent. Once.
  Result<IngestTally> run();

  // Of any thread.
  // Lets no further request begin.
  void stop() { is_stopping_.store(true, std::memory_order_relaxed); }
  uint64_t samples_acked() const { return samples_acked_.load(std::memory_order_relaxed); }

 private:
  const Settings settings_;
  RequestSupply& supply_;
  std::atomic<bool> is_stopping_ = false;
  std::atomic<uint64_t> samples_acked_ = 0;
};

}  // namespace ms::load
