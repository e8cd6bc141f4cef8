// Observations of an experiment that never was: a few connections with round stamps.
#pragma once

#include "drain/experiment.h"

namespace ms::drain {

inline constexpr uint64_t kBeginNs = 1000 * kNanosPerSecond;

// A stamp so many microseconds after the begin.
constexpr uint64_t at_us(uint64_t microseconds) { return kBeginNs + microseconds * 1000; }

struct ServedTimes {
  uint64_t connect_us;
  uint64_t accept_us;
  uint64_t taken_us;
  uint64_t replied_us;
};

// Adds the next connection, answered 200 by `worker`; its accept takes 2 us and its enqueue 3 more.
inline void add_served(Observations& seen, uint16_t worker, const ServedTimes& times) {
  const uint64_t number = seen.records.size() + 1;
  const auto port = static_cast<uint16_t>(54126 + number);
  seen.attempts.push_back({.scheduled_ns = at_us(times.connect_us),
                           .begun_ns = at_us(times.connect_us),
                           .connected_ns = at_us(times.connect_us),
                           .ended_ns = at_us(times.replied_us),
                           .local_port = port,
                           .status = 200,
                           .outcome = load::Outcome::kReplied});
  net::Record record{.connection = number, .request = 1, .fd = static_cast<int32_t>(number + 4), .worker = worker};
  record.code = 200;
  record.peer.address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 2};
  record.peer.port = port;
  record.local.address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1};
  record.local.port = 8080;
  record.stamps = {.accept_begin_ns = at_us(times.accept_us),
                   .accepted_ns = at_us(times.accept_us + 2),
                   .enqueued_ns = at_us(times.accept_us + 5),
                   .taken_ns = at_us(times.taken_us),
                   .replied_ns = at_us(times.replied_us)};
  record.ended_ns = at_us(times.replied_us);
  seen.records.push_back(record);
  seen.end_ns = std::max(seen.end_ns, at_us(times.replied_us));
}

// Three clients that wait together, two workers of 5 ms each; the third connection waits for the first to be done.
inline Observations three_connections() {
  Observations seen{.workers = 2, .begin_ns = kBeginNs};
  add_served(seen, 1, {.connect_us = 10, .accept_us = 100, .taken_us = 110, .replied_us = 5110});
  add_served(seen, 2, {.connect_us = 20, .accept_us = 105, .taken_us = 120, .replied_us = 5120});
  add_served(seen, 1, {.connect_us = 30, .accept_us = 110, .taken_us = 5120, .replied_us = 10120});
  seen.depths = {{at_us(0), 0}, {at_us(50), 3}, {at_us(150), 0}};
  seen.depth_max = 3;
  seen.listen_queue = {.depth = 0, .limit = 1024, .drops = 0};
  seen.queue_max = 1000;
  seen.descriptors_max = 1256;
  return seen;
}

// The same of inline, which has no queue of ours.
inline Observations three_connections_of_inline() {
  Observations seen = three_connections();
  seen.architecture = net::Architecture::kInline;
  for (net::Record& record : seen.records) record.stamps.enqueued_ns = 0;
  return seen;
}

}  // namespace ms::drain
