// Counters that the kernel keeps for a whole network namespace: they tell of overflowing listen queues, ours or a
// neighbour's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/mutex.h"

namespace ms::net {

struct NamespaceCounters {
  uint64_t listen_overflows = 0;  // TcpExt ListenOverflows: a listen queue was full
  uint64_t listen_drops = 0;      // TcpExt ListenDrops: a SYN or a finished handshake was dropped by a listener
  uint64_t syn_retransmits = 0;   // TcpExt TCPSynRetrans: a SYN or its answer was sent again
};

// Reads them from text in the form of /proc/net/netstat: pairs of lines, names above values.
NamespaceCounters parse_netstat(std::string_view text);

// Reads /proc/net/netstat now; all 0 where it cannot be read.
NamespaceCounters read_namespace_counters();

// Reads /proc/net/netstat, at most once a second; between two reads the last answer stands. Thread-safe.
class KernelCounters {
 public:
  NamespaceCounters read(uint64_t now_ns);

 private:
  Mutex mutex_;
  NamespaceCounters last_ MS_GUARDED_BY(mutex_);
  uint64_t read_at_ns_ MS_GUARDED_BY(mutex_) = 0;
};

}  // namespace ms::net
