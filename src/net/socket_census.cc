#include "net/socket_census.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <optional>

#include "base/clock.h"

namespace ms::net {
namespace {

// A slot as it was seen.
struct Seen {
  uint64_t connection = 0;
  int fd = -1;
  SocketState state = SocketState::kQueued;
  uint64_t accepted_ns = 0;
};

// Those with the lowest numbers among all that are added.
class Lowest {
 public:
  // At most `entries_max` of them, which is above 0.
  explicit Lowest(size_t entries_max) : entries_max_(entries_max) {}

  void add(const Seen& seen) {
    if (heap_.size() == entries_max_) {
      if (seen.connection > heap_.front().connection) return;
      std::ranges::pop_heap(heap_, {}, &Seen::connection);
      heap_.pop_back();
    }
    heap_.push_back(seen);
    std::ranges::push_heap(heap_, {}, &Seen::connection);
  }

  std::vector<Seen> take() && {
    std::ranges::sort_heap(heap_, {}, &Seen::connection);
    return std::move(heap_);
  }

 private:
  const size_t entries_max_;
  std::vector<Seen> heap_;  // the highest number in front
};

// The number of a connection is read first and stored last, so that what is read after it is that connection's or a
// later one's; is_still() tells.
std::optional<Seen> look_at(const Slot& slot, int fd) {
  const uint64_t number = slot.number.load(std::memory_order_acquire);
  const Phase phase = slot.phase.load(std::memory_order_acquire);
  if (phase == Phase::kFree) return std::nullopt;
  const bool is_served = slot.is_served.load(std::memory_order_acquire);
  const Direction direction = slot.direction.load(std::memory_order_acquire);
  Seen seen{.connection = number, .fd = fd, .accepted_ns = slot.accepted_ns.load(std::memory_order_acquire)};
  if (is_held(phase)) {
    seen.state = is_served ? SocketState::kParked : SocketState::kServing;  // parked, if no server has it
  } else if (is_served) {
    seen.state = direction == Direction::kWrite ? SocketState::kSending : SocketState::kWaiting;
  }
  return seen;
}

bool is_still(const Slot& slot, uint64_t number) {
  return slot.phase.load(std::memory_order_acquire) != Phase::kFree &&
         slot.number.load(std::memory_order_acquire) == number;
}

// The connections that the servers have at two moments, before the slots are looked at and after: one that was taken in
// between is not parked, nor is one that was put back.
class Served {
 public:
  explicit Served(std::span<const ConnectionServer* const> servers) : servers_(servers) { look(); }

  void look() {
    for (const ConnectionServer* server : servers_) {
      numbers_.push_back(server->activity().connection.load(std::memory_order_relaxed));
    }
    std::ranges::sort(numbers_);
  }
  bool has(uint64_t number) const { return std::ranges::binary_search(numbers_, number); }

 private:
  std::span<const ConnectionServer* const> servers_;
  std::vector<uint64_t> numbers_;
};

uint64_t elapsed_ns(uint64_t since_ns, uint64_t now_ns) { return now_ns > since_ns ? now_ns - since_ns : 0; }

uint64_t ask_bytes(int fd, unsigned long request) {
  int bytes = 0;
  return ioctl(fd, request, &bytes) == 0 ? static_cast<uint64_t>(std::max(bytes, 0)) : 0;
}

uint64_t ask_buffer_bytes(int fd, int option) {
  int bytes = 0;
  socklen_t size = sizeof bytes;
  return getsockopt(fd, SOL_SOCKET, option, &bytes, &size) == 0 ? static_cast<uint64_t>(std::max(bytes, 0)) : 0;
}

SocketEntry ask_socket(const Seen& seen, uint64_t now_ns) {
  return {.connection = seen.connection,
          .fd = seen.fd,
          .state = seen.state,
          .peer = Endpoint::peer_of(seen.fd),
          .local = Endpoint::local_of(seen.fd),
          .age_ns = elapsed_ns(seen.accepted_ns, now_ns),
          .receive_bytes = ask_bytes(seen.fd, SIOCINQ),
          .receive_buffer_bytes = ask_buffer_bytes(seen.fd, SO_RCVBUF),
          .send_bytes = ask_bytes(seen.fd, SIOCOUTQ),
          .send_buffer_bytes = ask_buffer_bytes(seen.fd, SO_SNDBUF)};
}

}  // namespace

std::string_view socket_state_name(SocketState state) {
  switch (state) {
    case SocketState::kQueued:
      return "queued";
    case SocketState::kServing:
      return "serving";
    case SocketState::kParked:
      return "parked";
    case SocketState::kSending:
      return "sending";
    case SocketState::kWaiting:
      return "waiting";
  }
  return "unknown";
}

SocketCensus take_census(ConnectionTable& table, std::span<const ConnectionServer* const> servers, size_t entries_max) {
  Served served(servers);
  SocketCensus census;
  Lowest queued(entries_max);
  Lowest lowest(entries_max);
  std::vector<uint64_t> maybe_parked;
  for (size_t fd = 0; fd < table.end(); ++fd) {
    const std::optional<Seen> seen = look_at(table.at(static_cast<int>(fd)), static_cast<int>(fd));
    if (!seen) continue;
    ++census.by_state[static_cast<size_t>(seen->state)];
    if (seen->state == SocketState::kQueued) queued.add(*seen);
    if (seen->state == SocketState::kParked) maybe_parked.push_back(seen->connection);
    lowest.add(*seen);
  }
  served.look();
  const auto in_service = static_cast<uint64_t>(
      std::ranges::count_if(maybe_parked, [&](uint64_t connection) { return served.has(connection); }));
  census.by_state[static_cast<size_t>(SocketState::kParked)] -= in_service;
  census.by_state[static_cast<size_t>(SocketState::kServing)] += in_service;

  const uint64_t now_ns = monotonic_ns();
  for (const Seen& seen : std::move(queued).take()) {
    const QueueEntry entry{.connection = seen.connection,
                           .fd = seen.fd,
                           .peer = Endpoint::peer_of(seen.fd),
                           .age_ns = elapsed_ns(seen.accepted_ns, now_ns)};
    if (is_still(table.at(seen.fd), seen.connection)) census.queue.push_back(entry);
  }
  for (Seen& seen : std::move(lowest).take()) {
    if (seen.state == SocketState::kParked && served.has(seen.connection)) seen.state = SocketState::kServing;
    const SocketEntry entry = ask_socket(seen, now_ns);
    if (is_still(table.at(seen.fd), seen.connection)) census.sockets.push_back(entry);
  }
  return census;
}

}  // namespace ms::net
