// Record: what is left of a request, or of a connection that ended without one, when it is over: who, where, when, and
// what became of it. A fixed number of bytes, trivially copied.
#pragma once

#include <cstdint>
#include <string_view>

#include "net/endpoint.h"
#include "net/stamps.h"

namespace ms::net {

enum class Outcome : uint8_t {
  kReplied,
  kClosed,              // the client left without a request
  kBroken,              // it failed in the middle of a request or its reply
  kTimedOut,            // a request, or its reply, did not get on in time
  kRefusedConnections,  // 503: too many connections are open
  kRefusedQueue,        // 503: the connection queue is full
  kRefusedAge,          // 503: it waited too long for a worker
  kRefusedDescriptors,  // 503: there was no descriptor for it
};
// "replied", "refused_age".
std::string_view outcome_name(Outcome outcome);

// How long a connection waited in the kernel's listen queue, in bounds, since no one but the kernel saw it.
struct KernelWait {
  bool is_sampled = false;
  uint64_t at_least_ns = 0;  // since its handshake or its last bytes, whichever was later, when it was accepted
  uint64_t at_most_ns = 0;   // since the listen queue was last found empty
};

struct Record {
  uint64_t connection = 0;  // its running number: 12 for C12
  uint64_t request = 0;     // 1: the connection's first; 0: it ended before a worker had one
  int32_t fd = -1;
  uint16_t taken_by = 0;  // the worker that took the request, 1..N; 0: none
  uint16_t worker = 0;    // the one that ended it: where it was parked, another one may
  uint16_t code = 0;      // Session::reply_code()
  Outcome outcome = Outcome::kReplied;
  Endpoint peer;
  Endpoint local;
  KernelWait kernel_wait;
  Stamps stamps;
  uint64_t ended_ns = 0;  // when the outcome was known; monotonic
};

}  // namespace ms::net
