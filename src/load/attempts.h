// What became of each client of an experiment, and figures over all of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ms::load {

enum class Outcome : uint8_t {
  kReplied,   // a whole reply came
  kTimedOut,  // the client gave up
  kReset,     // the connection was reset before the reply was whole
  kRefused,   // nobody listens: the connect was refused
  kCutShort,  // FIN before the reply was whole
  kBroken,    // what came is no reply
  kNotBegun,  // the generator's own failure: no descriptor, port or route was left
};

// The first address that clients come from where the target is on IPv4's loopback: 127.0.0.2.
inline constexpr uint32_t kFirstSource = 0x7f000002;

// One client's connection. Stamps are of CLOCK_MONOTONIC, as the server's are; 0: has not happened.
struct Attempt {
  uint64_t scheduled_ns = 0;
  uint64_t begun_ns = 0;      // connect was called; what passed since scheduled_ns is the generator's own lag
  uint64_t connected_ns = 0;  // the handshake was seen to be done; 0 also on a connection that was open
  uint64_t ended_ns = 0;      // the whole reply was read; else: the failure
  uint16_t local_port = 0;
  uint16_t status = 0;  // of HTTP, where it replied
  uint8_t source = 0;   // on IPv4's loopback the client's address is kFirstSource + source
  Outcome outcome = Outcome::kNotBegun;
};

// Whether the reply was 2xx.
bool is_served(const Attempt& attempt);

struct Tally {
  uint64_t offered = 0;       // clients that were due
  uint64_t served = 0;        // replies of 2xx
  uint64_t refused = 0;       // replies of 503
  uint64_t other_status = 0;  // other replies
  uint64_t timed_out = 0;
  uint64_t reset = 0;
  uint64_t connect_refused = 0;
  uint64_t cut_short = 0;
  uint64_t broken = 0;  // replies
  uint64_t not_begun = 0;

  bool operator==(const Tally&) const = default;
  Tally& operator+=(const Tally& other);
};

void count(Tally& tally, const Attempt& attempt);
Tally tally(std::span<const Attempt> attempts);

// From the scheduled moment to the whole reply, of each client that was served: the generator's lag counts.
std::vector<uint64_t> total_latencies_ns(std::span<const Attempt> attempts);

// From the scheduled moment to connect, of each client that began.
std::vector<uint64_t> lags_ns(std::span<const Attempt> attempts);

struct Summary {
  double mean_ns = 0;
  uint64_t p50_ns = 0;
  uint64_t p90_ns = 0;
  uint64_t p99_ns = 0;
  uint64_t p999_ns = 0;
  uint64_t max_ns = 0;
};

// Exact: of the sorted durations the one that a share of 50 % (90, 99, 99.9) does not exceed. All 0 where there is
// none.
Summary summarize(std::vector<uint64_t> durations_ns);

}  // namespace ms::load
