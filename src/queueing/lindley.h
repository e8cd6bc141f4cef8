// The waits of given arrivals: what a queue served in the order of arrival has to yield, whatever its distributions.
//
// For one server this is Lindley's recursion (D. V. Lindley, "The theory of queues with a single server", Mathematical
// Proceedings of the Cambridge Philosophical Society 48, 1952): W[n+1] = max(0, W[n] + S[n] - (A[n+1] - A[n])). For
// several it is that of Kiefer and Wolfowitz ("On the theory of queues with many servers", Transactions of the American
// Mathematical Society 78, 1955): an arrival goes to the server that is free first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ms::queueing {

// How long each arrival waits for its service to begin, in nanoseconds. Arrivals are in order of time, each with its
// service time; both spans have one size, and there is at least one server.
std::vector<uint64_t> waits_ns(std::span<const uint64_t> arrivals_ns, std::span<const uint64_t> services_ns,
                               size_t servers);

}  // namespace ms::queueing
