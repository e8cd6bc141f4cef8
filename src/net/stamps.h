// The moments in the life of a connection and its request, in nanoseconds of CLOCK_MONOTONIC; 0: has not happened.
//
//     accept_begin -> accepted -> enqueued -> taken -> complete -> durable -> replied
//
// For the second and later requests of a connection the first three stay those of the connection, and `taken` is when a
// worker took the request's first bytes.
#pragma once

#include <cstdint>

namespace ms::net {

struct Stamps {
  uint64_t accept_begin_ns = 0;  // before accept4
  uint64_t accepted_ns = 0;      // accept4 has returned
  uint64_t enqueued_ns = 0;      // it waits in the connection queue; 0 where there is none (inline)
  uint64_t taken_ns = 0;         // a worker has it
  uint64_t complete_ns = 0;      // the request's last byte is parsed
  uint64_t durable_ns = 0;       // what it wrote is durable; 0 for a request that writes nothing
  uint64_t replied_ns = 0;       // the reply's last byte is with the kernel
};

}  // namespace ms::net
