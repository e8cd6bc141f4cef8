#include "queueing/lindley.h"

#include <algorithm>
#include <functional>
#include <queue>

namespace ms::queueing {

std::vector<uint64_t> waits_ns(std::span<const uint64_t> arrivals_ns, std::span<const uint64_t> services_ns,
                               size_t servers) {
  // When each server is free again, the soonest on top.
  std::priority_queue<uint64_t, std::vector<uint64_t>, std::greater<>> free_at_ns(std::greater<>(),
                                                                                  std::vector<uint64_t>(servers, 0));
  std::vector<uint64_t> waits;
  waits.reserve(arrivals_ns.size());
  for (size_t i = 0; i < arrivals_ns.size(); ++i) {
    const uint64_t begin_ns = std::max(arrivals_ns[i], free_at_ns.top());
    free_at_ns.pop();
    free_at_ns.push(begin_ns + services_ns[i]);
    waits.push_back(begin_ns - arrivals_ns[i]);
  }
  return waits;
}

}  // namespace ms::queueing
