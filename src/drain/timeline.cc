#include "drain/timeline.h"

#include <algorithm>
#include <tuple>

namespace ms::drain {
namespace {

// What tells a client from the others of its time.
uint32_t client_key(uint8_t source, uint16_t port) { return uint32_t{source} << 16 | port; }

struct Client {
  uint32_t key;
  const load::Attempt* attempt;
};

}  // namespace

std::vector<Passage> trace_passages(const Observations& seen) {
  std::vector<Client> clients;
  clients.reserve(seen.attempts.size());
  for (const load::Attempt& attempt : seen.attempts) {
    clients.push_back({client_key(attempt.source, attempt.local_port), &attempt});
  }
  const auto order = [](const Client& client) { return std::tuple(client.key, client.attempt->begun_ns); };
  std::ranges::sort(clients, {}, order);

  std::vector<Passage> passages;
  passages.reserve(seen.records.size());
  for (const net::Record& record : seen.records) {
    // A port is used again when its connection is over: the last client that had it by then is meant.
    const auto source = static_cast<uint8_t>(record.peer.address.back() - load::kFirstSource);  // of the last byte
    const uint32_t key = client_key(source, record.peer.port);
    const auto after = std::ranges::upper_bound(clients, std::tuple(key, record.stamps.accepted_ns), {}, order);
    const bool is_known = after != clients.begin() && std::prev(after)->key == key;
    passages.push_back({&record, is_known ? std::prev(after)->attempt : nullptr});
  }
  return passages;
}

uint64_t left_queue_ns(const net::Record& record) {
  if (record.stamps.enqueued_ns == 0) return 0;
  return record.stamps.taken_ns != 0 ? record.stamps.taken_ns : record.ended_ns;
}

std::vector<Step> queue_steps(std::span<const net::Record> records) {
  std::vector<Step> steps;
  for (const net::Record& record : records) {
    const uint64_t left_ns = left_queue_ns(record);
    if (left_ns == 0) continue;
    steps.push_back({record.stamps.enqueued_ns, 1});
    steps.push_back({std::max(left_ns, record.stamps.enqueued_ns), -1});
  }
  std::ranges::sort(steps, {}, [](const Step& step) { return std::pair(step.at_ns, -step.change); });
  return steps;
}

}  // namespace ms::drain
