#include "load/clients.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <optional>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/descriptor.h"
#include "load/reply_reader.h"

namespace ms::load {
namespace {

constexpr size_t kSources = 8;

// After so many connects in a row replies are looked at, so that a burst does not delay their stamps.
constexpr size_t kBegunAtOnce = 32;

// A closed loop in which so many clients have ended, and none was ever connected, ends too: there is no server, and
// where connects are refused the loop would do nothing but spin.
constexpr size_t kUnconnectedMax = 1000;

void set_on(int fd, int level, int name) {
  constexpr int kOn = 1;
  setsockopt(fd, level, name, &kOn, sizeof kOn);
}

// The port is chosen by connect, which may share it between targets.
bool bind_source(int fd, uint8_t source) {
  set_on(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(kFirstSource + source);
  return bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

uint16_t local_port(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size);
  sockaddr_in address{};  // an IPv6 address has its port at the same place
  std::memcpy(&address, &storage, sizeof address);
  return ntohs(address.sin_port);
}

Outcome outcome_of(int error_number) {
  switch (error_number) {
    case ECONNREFUSED:
      return Outcome::kRefused;
    case ETIMEDOUT:
      return Outcome::kTimedOut;
    case ECONNRESET:
    case EPIPE:
      return Outcome::kReset;
    default:
      return Outcome::kNotBegun;
  }
}

// When clients of an open loop are due.
class OpenArrivals {
 public:
  OpenArrivals(std::span<const uint64_t> schedule_ns, uint64_t begin_ns)
      : schedule_ns_(schedule_ns), begin_ns_(begin_ns) {}

  // Nothing: nobody will be.
  std::optional<uint64_t> next_due_ns() const {
    if (next_ == schedule_ns_.size()) return std::nullopt;
    return begin_ns_ + schedule_ns_[next_];
  }
  void pop() { ++next_; }
  void note_end(const Attempt& /*attempt*/, uint64_t /*now_ns*/) {}
  bool begin_another(uint64_t /*now_ns*/) { return false; }

 private:
  std::span<const uint64_t> schedule_ns_;
  uint64_t begin_ns_;
  size_t next_ = 0;
};

// When clients of a closed loop are due.
class ClosedArrivals {
 public:
  ClosedArrivals(const ClosedLoop& loop, uint64_t begin_ns)
      : left_(loop.units_max),
        end_ns_(loop.duration_ns > UINT64_MAX - begin_ns ? UINT64_MAX : begin_ns + loop.duration_ns),
        is_keep_alive_(loop.is_keep_alive),
        due_ns_(loop.concurrency, begin_ns) {}

  // Nothing: nobody is, until one of those who are there ends.
  std::optional<uint64_t> next_due_ns() const {
    if (left_ == 0 || due_ns_.empty() || due_ns_.front() >= end_ns_) return std::nullopt;
    if (unconnected_ == kUnconnectedMax) return std::nullopt;
    return due_ns_.front();
  }
  void pop() {
    due_ns_.pop_front();
    --left_;
  }
  void note_end(const Attempt& attempt, uint64_t now_ns) {
    due_ns_.push_back(now_ns);
    if (attempt.connected_ns != 0) was_connected_ = true;
    if (!was_connected_ && unconnected_ < kUnconnectedMax) ++unconnected_;
  }
  // Whether the client whose connection is still open asks again.
  bool begin_another(uint64_t now_ns) {
    if (!is_keep_alive_ || left_ == 0 || now_ns >= end_ns_) return false;
    --left_;
    return true;
  }

 private:
  uint64_t left_;
  uint64_t end_ns_;
  bool is_keep_alive_;
  bool was_connected_ = false;
  size_t unconnected_ = 0;  // clients that have ended before one was connected
  std::deque<uint64_t> due_ns_;
};

// One client's connection, in one of the places that are used again and again.
struct Client {
  Descriptor fd;
  Attempt attempt;
  size_t number = 0;
  bool is_connected = false;
  size_t sent_bytes = 0;
  ReplyReader reply;
  // Neighbours in the list of those that wait, in the order in which they began.
  uint32_t earlier = 0;
  uint32_t later = 0;
};

template <class Arrivals>
class ClientLoop {
 public:
  ClientLoop(const ClientSettings& settings, Arrivals arrivals, bool is_keep_alive, const OnEnd& on_end)
      : settings_(settings),
        arrivals_(std::move(arrivals)),
        is_keep_alive_(is_keep_alive),
        on_end_(on_end),
        epoll_(epoll_create1(EPOLL_CLOEXEC)),
        clients_(1),
        sends_from_loopback_(settings.target.is_ipv4_loopback()) {}

  Result<void> run() {
    if (!epoll_) return fail_errno("load generator: epoll_create1", errno);
    while (true) {
      begin_due();
      give_up_late();
      if (clients_[kList].later == kList && !arrivals_.next_due_ns()) return {};
      if (auto result = take_events(); !result) return result;
    }
  }

 private:
  // The place whose neighbours are the ends of the list; no client's.
  static constexpr uint32_t kList = 0;

  void begin_due() {
    for (size_t begun = 0; begun < kBegunAtOnce; ++begun) {
      const std::optional<uint64_t> due_ns = arrivals_.next_due_ns();
      if (!due_ns) return;
      const uint64_t now_ns = monotonic_ns();
      if (*due_ns > now_ns) return;
      arrivals_.pop();
      begin(*due_ns, now_ns);
    }
  }

  uint32_t take_place() {
    if (free_.empty()) {
      clients_.emplace_back();
      return static_cast<uint32_t>(clients_.size() - 1);
    }
    const uint32_t place = free_.back();
    free_.pop_back();
    return place;
  }

  void begin(uint64_t due_ns, uint64_t now_ns) {
    const uint32_t place = take_place();
    Client& client = clients_[place];
    start_unit(place, {.scheduled_ns = due_ns, .begun_ns = now_ns, .source = static_cast<uint8_t>(next_ % kSources)});
    client.is_connected = false;
    client.fd = Descriptor(::socket(settings_.target.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!client.fd) return end(place, Outcome::kNotBegun);
    const int fd = client.fd.get();
    set_on(fd, IPPROTO_TCP, TCP_NODELAY);
    if (sends_from_loopback_ && !bind_source(fd, client.attempt.source)) return end(place, Outcome::kNotBegun);
    const auto* address = reinterpret_cast<const sockaddr*>(&settings_.target.address);
    if (connect(fd, address, settings_.target.size) != 0 && errno != EINPROGRESS) return end(place, outcome_of(errno));
    if (settings_.notes_ports) client.attempt.local_port = local_port(fd);
    if (send_rest(place)) watch(place);
  }

  // The next attempt is this place's.
  void start_unit(uint32_t place, const Attempt& attempt) {
    Client& client = clients_[place];
    client.attempt = attempt;
    client.number = next_++;
    client.sent_bytes = 0;
    client.reply.reset();
    client.later = kList;
    client.earlier = clients_[kList].earlier;
    clients_[client.earlier].later = place;
    clients_[kList].earlier = place;
  }

  const std::string& request_of(const Client& client) const {
    return settings_.requests[client.number % settings_.requests.size()];
  }
  bool is_sent(const Client& client) const { return client.sent_bytes == request_of(client).size(); }

  void watch(uint32_t place) {
    const Client& client = clients_[place];
    const bool may_wait_for_room = is_keep_alive_ || !is_sent(client);
    epoll_event event{};
    event.events = EPOLLIN | EPOLLRDHUP | EPOLLET | (may_wait_for_room ? static_cast<uint32_t>(EPOLLOUT) : 0U);
    event.data.u32 = place;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, client.fd.get(), &event) != 0) end(place, Outcome::kNotBegun);
  }

  // Sends what the kernel takes; before the handshake is done that is nothing. False where the client has ended by it.
  bool send_rest(uint32_t place) {
    Client& client = clients_[place];
    const std::string_view rest = std::string_view(request_of(client)).substr(client.sent_bytes);
    const uint64_t now_ns = monotonic_ns();
    const ssize_t sent = send(client.fd.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    // Only a connection that stood can be reset.
    if (sent >= 0 || outcome_of(errno) == Outcome::kReset) note_connected(client, now_ns);
    if (sent >= 0) {
      client.sent_bytes += static_cast<size_t>(sent);
    } else if (errno != EAGAIN && errno != EPIPE) {
      end_unsent(place, errno);
      return false;
    }
    return true;
  }

  static void note_connected(Client& client, uint64_t now_ns) {
    if (!std::exchange(client.is_connected, true)) client.attempt.connected_ns = now_ns;
  }

  // A reply may have come before the error.
  void end_unsent(uint32_t place, int error_number) {
    Client& client = clients_[place];
    const ssize_t got = recv(client.fd.get(), buffer_.data(), buffer_.size(), 0);
    if (got > 0) client.reply.read({buffer_.data(), static_cast<size_t>(got)});
    end(place, outcome_of(error_number));
  }

  Result<void> take_events() {
    std::array<epoll_event, 256> events;
    const timespec timeout = time_to_sleep();
    const int count = epoll_pwait2(epoll_.get(), events.data(), static_cast<int>(events.size()), &timeout, nullptr);
    if (count < 0 && errno != EINTR) return fail_errno("load generator: epoll_pwait2", errno);
    for (int i = 0; i < count; ++i) take_event(events[static_cast<size_t>(i)]);
    return {};
  }

  // Until a client is due or gives up; one of these is.
  timespec time_to_sleep() const {
    uint64_t wake_ns = arrivals_.next_due_ns().value_or(UINT64_MAX);
    if (const uint32_t oldest = clients_[kList].later; oldest != kList) {
      wake_ns = std::min(wake_ns, clients_[oldest].attempt.begun_ns + settings_.timeout_ns);
    }
    const uint64_t now_ns = monotonic_ns();
    const uint64_t left_ns = wake_ns > now_ns ? wake_ns - now_ns : 0;
    return {.tv_sec = static_cast<time_t>(left_ns / kNanosPerSecond),
            .tv_nsec = static_cast<long>(left_ns % kNanosPerSecond)};
  }

  void take_event(const epoll_event& event) {
    const uint32_t place = event.data.u32;
    Client& client = clients_[place];
    const bool is_over = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
    if (!is_over && !is_sent(client) && (event.events & EPOLLOUT) != 0 && !send_rest(place)) return;
    if (is_over || (event.events & (EPOLLIN | EPOLLRDHUP)) != 0) {
      read_reply(place, {.has_fin = (event.events & EPOLLRDHUP) != 0, .is_over = is_over});
    }
  }

  struct Ending {
    bool has_fin;  // all that will ever come can be read now
    bool is_over;  // and behind it the error, if there was one: a reset, a refused connect
  };

  void read_reply(uint32_t place, Ending ending) {
    Client& client = clients_[place];
    while (true) {
      const ssize_t got = recv(client.fd.get(), buffer_.data(), buffer_.size(), 0);
      if (got < 0 && errno == EAGAIN) return;
      if (got < 0) return end(place, outcome_of(errno));
      const auto bytes = static_cast<size_t>(got);
      const size_t taken = client.reply.read({buffer_.data(), bytes});
      const bool is_at_end = got == 0 || (ending.has_fin && !ending.is_over && bytes < buffer_.size());
      if (is_at_end) client.reply.end_stream();
      if (client.reply.is_whole() && client.attempt.ended_ns == 0) client.attempt.ended_ns = monotonic_ns();
      if (client.reply.state() == ReplyReader::State::kBroken) return end(place, Outcome::kBroken);
      if (is_at_end) return end(place, Outcome::kCutShort);
      if (client.reply.is_whole() && client.reply.keeps_open()) return finish_reply(place, taken == bytes);
      if (bytes < buffer_.size() && !ending.is_over) return;
    }
  }

  // A whole reply after which the server waits for another request. `is_clean`: no byte came behind the reply.
  void finish_reply(uint32_t place, bool is_clean) {
    Client& client = clients_[place];
    const uint64_t now_ns = client.attempt.ended_ns;
    if (!is_clean || !is_sent(client) || !arrivals_.begin_another(now_ns)) return end(place, Outcome::kReplied);
    report(place, Outcome::kReplied);
    const Attempt next{.scheduled_ns = now_ns,
                       .begun_ns = monotonic_ns(),
                       .local_port = client.attempt.local_port,
                       .source = client.attempt.source};
    start_unit(place, next);
    send_rest(place);
  }

  // Takes the client out of the list and tells of its attempt. What comes after a whole reply does not undo it.
  void report(uint32_t place, Outcome outcome) {
    Client& client = clients_[place];
    clients_[client.earlier].later = client.later;
    clients_[client.later].earlier = client.earlier;
    Attempt& attempt = client.attempt;
    attempt.outcome = client.reply.is_whole() ? Outcome::kReplied : outcome;
    attempt.status = client.reply.is_whole() ? client.reply.status() : uint16_t{0};
    if (attempt.ended_ns == 0) attempt.ended_ns = monotonic_ns();
    on_end_(client.number, attempt);
  }

  void end(uint32_t place, Outcome outcome) {
    report(place, outcome);
    clients_[place].fd.reset();
    free_.push_back(place);
    arrivals_.note_end(clients_[place].attempt, monotonic_ns());
  }

  // Clients give up in the order in which they began.
  void give_up_late() {
    const uint64_t now_ns = monotonic_ns();
    while (true) {
      const uint32_t oldest = clients_[kList].later;
      if (oldest == kList || clients_[oldest].attempt.begun_ns + settings_.timeout_ns > now_ns) return;
      end(oldest, Outcome::kTimedOut);
    }
  }

  const ClientSettings& settings_;
  Arrivals arrivals_;
  const bool is_keep_alive_;
  const OnEnd& on_end_;
  Descriptor epoll_;
  std::deque<Client> clients_;  // one for each place
  std::vector<uint32_t> free_;  // places that nobody has
  size_t next_ = 0;             // the number of the next attempt
  const bool sends_from_loopback_;
  std::array<char, 64 * 1024> buffer_;
};

}  // namespace

Result<void> run_open_loop(const ClientSettings& settings, std::span<const uint64_t> schedule_ns, const OnEnd& on_end) {
  return ClientLoop(settings, OpenArrivals(schedule_ns, monotonic_ns()), false, on_end).run();
}

Result<void> run_closed_loop(const ClientSettings& settings, const ClosedLoop& loop, const OnEnd& on_end) {
  return ClientLoop(settings, ClosedArrivals(loop, monotonic_ns()), loop.is_keep_alive, on_end).run();
}

}  // namespace ms::load
