// ServerProbe: what a server on this machine spends while it is under load, seen from outside by way of /proc and
// sock_diag: so the same for any server.
//
// A server is a set of processes: those that have the listening socket open, or the one that is named, and all their
// descendants. Of nginx that is the master and its workers.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "load/http_target.h"
#include "load/listen_queue_probe.h"

namespace ms::load {

struct ServerFigures {
  std::vector<pid_t> pids;  // none: the server is not on this machine, or not ours to look at; then what follows is 0
  uint64_t cpu_ns = 0;      // user and system time of all threads, to the nanosecond
  uint64_t context_switches = 0;
  std::optional<uint64_t> migrations;  // from one CPU to another; nothing where the kernel does not count them
  uint64_t rss_bytes_max = 0;          // the greatest resident size of each process in its life, summed
};

struct QueueFigures {
  ListenQueueProbe::Depths depths;
  // Of all listeners of this network namespace.
  uint64_t overflows = 0;
  uint64_t drops = 0;
};

class ServerProbe {
 public:
  // Notes where the server's counters stand, and begins to sample its listen queue. `pid`: whose processes; nothing:
  // found by who listens.
  ServerProbe(const Target& target, std::optional<pid_t> pid);

  const std::vector<pid_t>& pids() const { return pids_; }

  struct Figures {
    ServerFigures server;
    std::optional<QueueFigures> listen_queue;  // nothing where nobody listens there in this network namespace
    uint64_t retransmits = 0;                  // TCP segments that this network namespace sent again
  };
  // What has come since. Once.
  Figures stop();

 private:
  // Counters of one task: a process's CPU, a thread's switches.
  struct Counters {
    std::map<pid_t, uint64_t> cpu_ns;
    std::map<pid_t, uint64_t> context_switches;
    std::map<pid_t, uint64_t> migrations;
  };
  static Counters count(const std::vector<pid_t>& pids);

  const Target target_;
  const std::optional<pid_t> given_pid_;
  std::vector<pid_t> pids_;
  Counters before_;
  uint64_t overflows_before_ = 0;
  uint64_t drops_before_ = 0;
  uint64_t retransmits_before_ = 0;
  ListenQueueProbe queue_;
};

// The processes that have one of the sockets open; those of other users only for root.
std::vector<pid_t> find_owners(const std::vector<ListeningSocket>& sockets);

// The processes, and all that descend from them, in order.
std::vector<pid_t> with_descendants(std::vector<pid_t> pids);

// The number behind `name` in text like that of /proc/PID/status ("VmHWM:   1234 kB") or /proc/PID/sched
// ("se.nr_migrations : 17").
std::optional<uint64_t> find_number(std::string_view text, std::string_view name);

// TCP segments that the calling thread's network namespace has sent again (Tcp RetransSegs of /proc/net/snmp).
uint64_t read_retransmits();

}  // namespace ms::load
