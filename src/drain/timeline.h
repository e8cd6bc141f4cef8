// Timeline: both sides of each connection put together, the client's stamps and the server's, by port and time.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "drain/experiment.h"

namespace ms::drain {

// An accepted connection. The pointers are into the observations.
struct Passage {
  const net::Record* record = nullptr;
  const load::Attempt* attempt = nullptr;  // null where the client is not known
};

// In the order of acceptance.
std::vector<Passage> trace_passages(const Observations& seen);

// When a connection left our queue: for a worker, or refused. 0: it never was in it.
uint64_t left_queue_ns(const net::Record& record);

// A moment at which a number of things changes.
struct Step {
  uint64_t at_ns = 0;
  int change = 0;
};

// The length of our queue: a step up as each connection enters it, a step down as it leaves; in order of time.
std::vector<Step> queue_steps(std::span<const net::Record> records);

}  // namespace ms::drain
