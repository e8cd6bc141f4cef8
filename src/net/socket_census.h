// The census of the active sockets: how many there are in each state, and the first of them one by one, taken while
// the front door runs.
//
// It looks at every slot of the connection table once, through its atomics, and holds nobody up. A connection may end
// meanwhile and its descriptor become another one's: so the slot is looked at again after its socket has been asked,
// and what has changed is left out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "net/connection_server.h"
#include "net/connection_table.h"
#include "net/endpoint.h"

namespace ms::net {

enum class SocketState : uint8_t {
  kQueued,   // accepted, and no worker has taken it yet
  kServing,  // a worker has it now
  kParked,   // waits for what its request needs: a commit, a query
  kSending,  // waits until its client takes more of a reply
  kWaiting,  // served before; waits for its client's bytes
};
inline constexpr size_t kSocketStates = 5;
std::string_view socket_state_name(SocketState state);

struct QueueEntry {
  uint64_t connection = 0;  // its number
  int fd = -1;
  Endpoint peer;
  uint64_t age_ns = 0;  // since it was accepted
};

struct SocketEntry {
  uint64_t connection = 0;
  int fd = -1;
  SocketState state = SocketState::kQueued;
  Endpoint peer;
  Endpoint local;
  uint64_t age_ns = 0;
  uint64_t receive_bytes = 0;  // that the server has not read
  uint64_t receive_buffer_bytes = 0;
  uint64_t send_bytes = 0;  // that the client has not acknowledged
  uint64_t send_buffer_bytes = 0;
};

struct SocketCensus {
  static constexpr size_t kEntriesMax = 200;  // of each list, unless it is asked for fewer

  std::array<uint64_t, kSocketStates> by_state{};
  std::vector<QueueEntry> queue;     // those that no worker has taken yet, oldest first; not always all
  std::vector<SocketEntry> sockets;  // lowest number first; not always all
};

// `servers` are those who may hold a connection. Thread-safe.
SocketCensus take_census(ConnectionTable& table, std::span<const ConnectionServer* const> servers, size_t entries_max);

}  // namespace ms::net
