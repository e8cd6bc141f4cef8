// The socket keeper: a process that has the listening sockets of a server that ends, until its successor has them.
//
//     predecessor                     keeper                              successor
//     start_socket_keeper() --------> run_socket_keeper()
//     accepts no more                 offers them (net/kept_socket.h) <-- bind: EADDRINUSE; ask_for_socket()
//     ends -------------------------> a second begins
//                                     ends          -- SCM_RIGHTS ------> accepts who has come meanwhile
//
// A socket that is closed makes the kernel refuse who connects, until somebody else has bound the address, and reset
// who waits in its queue. Nobody accepts from the kept one: who connects waits in its listen queue, and is the
// successor's. Where none comes within the second, the keeper tells everyone who waits to come again later, and ends.
// SO_REUSEPORT would have the successor bind beside its predecessor, would reset who waits in the predecessor's queue,
// and would let any further server of the same user bind a running server's port.
//
// The successor has none before its predecessor has ended, and with it the data directory's lock: whom it accepted
// earlier it could only let wait.
//
// Why the kept one does not drop SYNs, for the clients' kernels to send them again to the successor: that costs each
// client a second. And where a kernel (Linux 6.18) sends a SYN again on one CPU while its client runs on another, the
// client's first bytes can overtake the end of the handshake, find no connection, and be answered by a reset: 1 in
// some 100,000.
//
// The keeper is this program, executed anew by posix_spawn: a fork of a server would copy its page tables and hold its
// memory, beside a successor that fills as much. It has no descriptor but these.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "base/error.h"
#include "net/kept_socket.h"

namespace ms::net {

// How long a successor may take to come.
inline constexpr uint64_t kKeepSocketsMs = 1000;

// The word on the command line, followed by how many sockets there are: `metricstream keep-sockets 1`. Not for people.
inline constexpr std::string_view kKeepSocketsCommand = "keep-sockets";

// Waits until `predecessor`, the reading end of a pipe, has lost its last writer; then passes each socket to the first
// of our user who asks. Returns when none is left, after `keep_ms`, or once `end` is readable (it may be none), but
// never before the predecessor has ended.
void hand_over(std::span<KeptSocket> kept, Descriptor predecessor, const Descriptor& end, uint64_t keep_ms);

// Closes those that are left, which nobody else may have. Who waits in their queues is sent `refusal` first, and then
// the end; meanwhile SYNs are dropped. Takes 100 ms for those whose handshake is under way, up to a second where many
// wait, and then up to another for clients who do not close.
void refuse_waiting(std::span<KeptSocket> kept, std::string_view refusal);

// Starts the keeper of those sockets; returns its process id. They stay open here too, and whoever this process does
// not accept any more is the successor's. The keeper's second begins when this process ends. Call it once.
Result<pid_t> start_socket_keeper(const std::vector<int>& sockets);

// The keeper's main, until a successor has all `count` sockets, its second is over, or SIGTERM, SIGINT or SIGHUP comes.
// `refusal` is for refuse_waiting. Ends the process.
[[noreturn]] void run_socket_keeper(size_t count, std::string_view refusal);

}  // namespace ms::net
