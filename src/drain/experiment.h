// experiment: the real front door on loopback, in this process, under clients in a child process, and all that was seen
// of both sides.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "drain/settings.h"
#include "load/attempts.h"
#include "net/front_door.h"

namespace ms::drain {

// The listen queue at one moment.
struct DepthSample {
  uint64_t at_ns = 0;
  uint64_t depth = 0;
};

// All stamps are of CLOCK_MONOTONIC.
struct Observations {
  net::Architecture architecture = net::Architecture::kPool;
  size_t workers = 0;                   // of the pool
  uint64_t begin_ns = 0;                // the clients' plan began
  uint64_t end_ns = 0;                  // the last client was answered or gave up
  std::vector<load::Attempt> attempts;  // in the order of the schedule
  std::vector<net::Record> records;     // of connections that were accepted until then, by number
  std::vector<DepthSample> depths;      // every 2 ms, as near as the machine's load allows
  uint64_t depth_max = 0;               // as the accept loop found it
  net::ListenQueue listen_queue;        // at the end
  uint64_t syn_retransmits = 0;         // of the whole network namespace meanwhile
  uint64_t queue_max = 0;               // bound of our queue
  uint64_t descriptors_max = 0;
  uint64_t server_cpu_ns = 0;
  uint64_t clients_cpu_ns = 0;
};

// How far it is, for a line of progress; told ten times a second.
struct Progress {
  net::Architecture architecture;
  uint64_t elapsed_ns;
  size_t clients;
  size_t ended;  // answered or given up
  uint64_t listen_depth;
  uint64_t queue_length;
};

// The caller has no threads: the clients' process is forked first. Takes as long as clients come, and then until each
// is answered or has given up.
Result<Observations> observe(const Settings& settings, net::Architecture architecture,
                             const std::function<void(const Progress&)>& on_progress);

}  // namespace ms::drain
