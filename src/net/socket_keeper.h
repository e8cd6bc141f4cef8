// The socket keeper: a process that has the listening sockets of a server that has ended, until its successor has them.
//
//     predecessor                     keeper                              successor
//     start_socket_keeper() --------> run_socket_keeper()
//     ends; a second begins           offers them on abstract
//                                     Unix sockets            <---------- bind: EADDRINUSE; ask_socket_keeper()
//                                     ends          -- SCM_RIGHTS ------> listen, SYNs are answered again
//
// A socket that is closed makes the kernel refuse who connects, until somebody else has bound the address. The kept one
// drops SYNs (Listener::drop_handshakes) and so completes no handshake: the clients' kernels send theirs again a second
// later, to the successor, and where none comes nobody has been promised anything. SO_REUSEPORT would have the
// successor bind beside it, and would also let any further server of the same user bind a running server's port.
//
// The keeper is this program, executed anew by posix_spawn: a fork of a server would copy its page tables and hold its
// memory, beside a successor that fills as much. It has no descriptor but these, and dies of SIGTERM, SIGINT and SIGHUP
// at once. An abstract name belongs to nobody and ends with its socket: both sides check that the other one's user is
// their own (SO_PEERCRED). It is seen within one network namespace, as the address is.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "base/error.h"
#include "net/endpoint.h"

namespace ms::net {

// How long the sockets outlive the predecessor: as long as a client's kernel takes to send its SYN again.
inline constexpr uint64_t kKeepSocketsMs = 1000;

// The word on the command line, followed by how many sockets there are: `metricstream keep-sockets 1`. Not for people.
inline constexpr std::string_view kKeepSocketsCommand = "keep-sockets";

struct KeptSocket {
  Descriptor socket;
  Descriptor offer;  // a Unix socket that listens under the name of the kept one's address
};

// kLocked: that name is taken.
Result<KeptSocket> offer_socket(Descriptor socket);

// Passes each to the first of our user who asks. Returns when none is left, or `keep_ms` after `predecessor`, the
// reading end of a pipe, has lost its last writer.
void hand_over(std::span<KeptSocket> kept, Descriptor predecessor, uint64_t keep_ms);

// Starts the keeper of those sockets that still listen; returns its process id, or 0 where there is nothing to keep.
// The sockets stay open here too. Its second begins when this process ends. Call it once.
Result<pid_t> start_socket_keeper(const std::vector<int>& sockets);

// The keeper's main. Ends the process.
[[noreturn]] void run_socket_keeper(size_t count);

// The listening socket that a keeper has for `endpoint`; empty where there is none, as everywhere but in the second
// after a server's end. Waits at most kKeepSocketsMs for one that is just being started. `is_both_families`: an IPv6
// socket that takes IPv4 too.
Descriptor ask_socket_keeper(const Endpoint& endpoint, bool is_both_families);

// Whether a TCP socket is an IPv6 one that takes IPv4 too.
bool is_both_families(int socket);

}  // namespace ms::net
