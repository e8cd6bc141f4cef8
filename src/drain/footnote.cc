#include <unistd.h>

#include <fstream>
#include <string>

#include "base/figures.h"
#include "drain/comparison.h"
#include "net/connection_table.h"

namespace ms::drain {
namespace {

// net.ipv4.tcp_mem's upper bound: what the kernel holds in the buffers of all TCP sockets, in bytes; 0: unknown.
uint64_t tcp_memory_max() {
  std::ifstream file("/proc/sys/net/ipv4/tcp_mem");
  uint64_t low = 0;
  uint64_t pressure = 0;
  uint64_t pages = 0;
  if (!(file >> low >> pressure >> pages)) return 0;
  return pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

std::string mebibytes(uint64_t bytes) { return figure(static_cast<double>(bytes) / (1 << 20)) + " MiB"; }

}  // namespace

std::string write_footnote(const Settings& settings, const Measurement& measured) {
  const uint64_t bound = measured.connection_queue.bound;
  std::string text = "* The queue of the new architecture is not unlimited. It is bounded by\n";
  text += "  descriptors  " + figure(static_cast<double>(bound)) + " connections, of " +
          figure(static_cast<double>(measured.descriptors_max)) + " descriptors (ulimit -n); beyond: 503\n";
  text += "  memory       " + mebibytes(bound * sizeof(net::Slot)) + ", " + std::to_string(sizeof(net::Slot)) +
          " bytes for each; what clients have sent waits in the\n               kernel";
  const uint64_t tcp_memory_bytes = tcp_memory_max();
  if (tcp_memory_bytes != 0) text += ", " + mebibytes(tcp_memory_bytes) + " for all sockets (net.ipv4.tcp_mem)";
  text += "\n";
  text += "  age          " + duration(static_cast<double>(settings.queue_deadline_ns)) +
          " (--queue-deadline); in overload " + duration(static_cast<double>(settings.queue_target_ns)) +
          "\n               (--queue-target); beyond: 503\n";
  return text;
}

}  // namespace ms::drain
