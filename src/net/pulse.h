// Pulse: what shows that the front door's threads go on, for a watchdog: two looks some seconds apart are compared.
//
// A thread that waits for its turn is alive, and so is one that is idle or works on one thing after the other: what
// stands still is an accept loop that has taken nobody while somebody waits in a listen queue, a sweeper that has not
// looked, and workers of whom each has been with the same connection since before the first look, since none ever
// blocks. The inline architecture has one thread, and whoever is slow may hold it as long as the deadlines allow: of it
// nothing is said.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ms::net {

struct Pulse {
  uint64_t taken_ns = 0;      // when the look was taken; monotonic
  bool has_waiting = false;   // somebody is in a listen queue
  uint64_t accept_turns = 0;  // connections taken, depths sampled, pauses: each turn of the accept loop moves it
  uint64_t sweeps = 0;        // looks of the sweeper
  struct WorkerAt {
    uint64_t connection = 0;  // 0: idle
    uint64_t since_ns = 0;    // monotonic
  };
  std::vector<WorkerAt> workers;  // empty: the inline architecture
};

// Which part has stood still between the two looks; nothing where all go on.
std::optional<std::string> find_standstill(const Pulse& before, const Pulse& now);

}  // namespace ms::net
