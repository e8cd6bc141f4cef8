// Measurement: the figures that an experiment comes to, and what queueing theory predicts for the same inputs.
#pragma once

#include <cstdint>
#include <optional>

#include "drain/experiment.h"
#include "drain/settings.h"
#include "load/attempts.h"
#include "queueing/predict.h"

namespace ms::drain {

// How many there were of a kind in all, and a second.
struct Rate {
  uint64_t count = 0;
  double per_s = 0;
};

// Rates are those of the time in which clients came (of a burst: until all had ended). Where a rate is one of events,
// what happened after that time is in no rate; where it is one of clients, all who came then count, whenever it was
// that they ended so.
struct Measurement {
  net::Architecture architecture = net::Architecture::kPool;
  double span_s = 0;  // from the begin until the last client was answered or gave up
  Rate offered;       // clients that came
  Rate accepted;      // events: drained out of the listen queue
  Rate served;        // events: answered 2xx; the handler says 200
  Rate refused;       // clients that were answered 503
  Rate timed_out;     // clients that gave up
  Rate failed;        // clients with any other end: a reset, a reply cut short, no port left
  // From before accept4 until the loop comes back for the next: with the enqueue (pool), or with all of the work
  // (inline).
  load::Summary accept;
  // Of clients that were served: from connect until the work begins, and until the whole reply is there.
  load::Summary wait;
  load::Summary total;
  load::Summary lag;  // of the clients' process: from when a client was due until its connect. In no other figure
  struct {
    double mean = 0;  // over time, while clients came
    uint64_t max = 0;
    uint64_t limit = 0;
    uint64_t drops = 0;
  } listen_queue;
  uint64_t syn_retransmits = 0;
  // Ours; inline has none.
  struct {
    double mean = 0;  // over time, while clients came
    uint64_t max = 0;
    uint64_t age_max_ns = 0;
    uint64_t bound = 0;
  } connection_queue;
  uint64_t descriptors_max = 0;
  uint64_t records_lost = 0;  // connections that the recorder overwrote before they were read
  double server_cpu_us = 0;   // of the server's process, per connection
  double clients_cpu_us = 0;  // of the clients' process, likewise
  // The steady state under Poisson arrivals; a burst has none.
  std::optional<queueing::Prediction> predicted;
  // More than one in a hundred is predicted to be served later than the clients wait for. The theory knows of no
  // patience: of what it says, the rates of who is served and refused, the waits and the totals are then not to be
  // told. What the queue holds and what is drained stays as it is, since who has gone is worked for all the same.
  bool outlasts_patience = false;
};

Measurement measure(const Settings& settings, const Observations& seen);

}  // namespace ms::drain
