// run: clients that come when they are due, whether or not the earlier ones have been answered (an open loop), each
// with one short connection: connect, one request, the reply, close. In one thread, with one epoll set.
//
// Made to cost little, as it shares its cores with the server that it loads:
//
//  - The request is sent right after connect: on loopback the handshake is done by then. Only where it is not, or
//    where the kernel does not take the whole request, is there a wait for room to send.
//  - Each socket is registered once, edge-triggered, and for the peer's FIN alone: data that comes before it wakes
//    nobody, and one recv then finds the whole reply. So the server has to close the connection, and a reply has to
//    fit the socket's receive buffer (128 KiB by default); other clients time out.
//  - The thread sleeps until the next client is due, or something has ended.
//
// On IPv4's loopback clients come from 127.0.0.2 to 127.0.0.9 in turn, so that 100,000 connections do not use up the
// ports of one address.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "load/attempts.h"
#include "load/http_target.h"

namespace ms::load {

struct Plan {
  std::vector<uint64_t> schedule_ns;  // when each client is due, from the begin on; in order (load/arrivals.h)
  std::vector<std::string> requests;  // clients send these in turn; at least one
  uint64_t timeout_ns = 0;            // a client gives up that long after its connect
};

// Runs the plan from now on, and returns when each client was answered or has given up: within the last one's schedule,
// lag and timeout. `attempts` has one place for each client, in the order of the schedule; those that have ended are
// counted in `ended` while it runs, and are whole when it returns. The process needs one descriptor for each client
// that waits at one time. The error is that of the epoll set; what fails a single client is in its attempt.
Result<void> run(const Plan& plan, const Target& target, std::span<Attempt> attempts, std::atomic<size_t>& ended);

}  // namespace ms::load
