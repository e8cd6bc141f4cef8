// Clients of an HTTP server: in an open loop, where each comes when it is due, whether or not the earlier ones have
// been answered, or in a closed one, where so many come again and again, each when it has been answered. In one
// thread, with one epoll set.
//
// Made to cost little, as they share their cores with the server that they load:
//
//  - The request is sent right after connect: on loopback the handshake is done by then. Only where it is not, or
//    where the kernel does not take the whole request, is there a wait for room to send.
//  - Each socket is registered once, edge-triggered, and one recv nearly always finds the whole reply.
//  - The thread sleeps until the next client is due, or something has come.
//
// A connection for one request says so by `Connection: close` in its request, and waits for the server's FIN behind the
// reply, where the reply promises one: so the ports that rest in TIME_WAIT are the server's.
//
// On IPv4's loopback clients come from 127.0.0.2 to 127.0.0.9 in turn, so that 100,000 connections do not use up the
// ports of one address.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "load/attempts.h"
#include "load/http_target.h"

namespace ms::load {

struct ClientSettings {
  Target target;
  std::span<const std::string> requests;  // clients send these in turn; at least one
  uint64_t timeout_ns = 0;                // a client gives up that long after its connect or its request
  bool notes_ports = false;               // whether Attempt::local_port is wanted
};

// How many attempts there are, and until when new ones begin.
struct ClosedLoop {
  size_t concurrency = 1;
  uint64_t units_max = UINT64_MAX;
  uint64_t duration_ns = UINT64_MAX;
  bool is_keep_alive = false;  // a connection takes the next request where the server leaves it open
};

// Told of each attempt when it has ended, by its number in the order in which they began.
using OnEnd = std::function<void(size_t number, const Attempt& attempt)>;

// Run from now on, and return when each client was answered or has given up. The process needs one descriptor for each
// client that waits at one time. The error is that of the epoll set; what fails a single client is in its attempt.
Result<void> run_open_loop(const ClientSettings& settings, std::span<const uint64_t> schedule_ns, const OnEnd& on_end);

// A client is due when the one in whose place it comes is done with; those of the begin, at the begin. Where none of
// the first thousand is connected, no more come.
Result<void> run_closed_loop(const ClientSettings& settings, const ClosedLoop& loop, const OnEnd& on_end);

}  // namespace ms::load
