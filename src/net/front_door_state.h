// FrontDoorState: the whole front door at one moment, part by part, for those who watch it: who waits in the kernel's
// listen queue and in ours, what the accept loop and each worker do, and the active sockets.
//
// Made on demand, from atomics and by asking the sockets that are listed; no thread of the front door is held up. It
// costs a look at every descriptor ever used (tens of nanoseconds each), and six short system calls for each socket
// that it lists, one for each entry of the queue.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "net/drain_meter.h"
#include "net/front_door.h"
#include "net/socket_census.h"
#include "net/waiting_peers.h"

namespace ms::net {

enum class AcceptState : uint8_t {
  kBlocked,   // nobody waits in a listen queue
  kDraining,  // takes whoever waits there
  kRefusing,  // likewise, and refuses: a bound is reached
};
std::string_view accept_state_name(AcceptState state);

struct WorkerEntry {
  uint16_t worker = 0;      // 1..N
  uint64_t connection = 0;  // the number of the one that it serves; 0: it is idle
  uint64_t since_ns = 0;    // how long that has been so
  uint64_t served = 0;      // requests that it has answered
};

struct FrontDoorState {
  Architecture architecture = Architecture::kPool;
  uint64_t uptime_ns = 0;
  FrontDoorStats stats;
  std::vector<WaitingPeers::Sighting> waiting;  // for each of stats.listen_queues
  DrainMeter::Rates drain;
  AcceptState accept_state = AcceptState::kBlocked;
  uint64_t accept_state_ns = 0;  // how long it has been so
  std::vector<WorkerEntry> workers;
  SocketCensus census;
};

}  // namespace ms::net
