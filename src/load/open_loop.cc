#include "load/open_loop.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/clock.h"
#include "base/descriptor.h"

namespace ms::load {
namespace {

constexpr size_t kSources = 8;

// After so many connects in a row replies are looked at, so that a burst does not delay their stamps.
constexpr size_t kBegunAtOnce = 32;

void set_on(int fd, int level, int name) {
  constexpr int kOn = 1;
  setsockopt(fd, level, name, &kOn, sizeof kOn);
}

// Of "HTTP/1.1 200 OK"; 0: no status line.
uint16_t parse_status(std::string_view reply) {
  if (reply.size() < 12 || !reply.starts_with("HTTP/1.") || reply[8] != ' ') return 0;
  uint16_t status = 0;
  for (const char digit : reply.substr(9, 3)) {
    if (digit < '0' || digit > '9') return 0;
    status = static_cast<uint16_t>(status * 10 + (digit - '0'));
  }
  return status;
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

class OpenLoop {
 public:
  OpenLoop(const Plan& plan, const Target& target, std::span<Attempt> attempts, std::atomic<size_t>& ended)
      : plan_(plan),
        target_(target),
        attempts_(attempts),
        ended_(ended),
        epoll_(epoll_create1(EPOLL_CLOEXEC)),
        sockets_(attempts.size()),
        sends_from_loopback_(target.is_ipv4_loopback()) {}

  Result<void> run() {
    if (!epoll_) return fail_errno("load generator: epoll_create1", errno);
    begin_ns_ = monotonic_ns();
    while (true) {
      begin_due();
      give_up_late();
      if (oldest_ == attempts_.size()) return {};
      if (auto result = take_events(); !result) return result;
    }
  }

 private:
  struct Socket {
    Descriptor fd;
    size_t sent_bytes = 0;
  };

  uint64_t due_ns(size_t client) const { return begin_ns_ + plan_.schedule_ns[client]; }

  void begin_due() {
    for (size_t begun = 0; begun < kBegunAtOnce && next_ < attempts_.size(); ++begun) {
      const uint64_t now_ns = monotonic_ns();
      if (due_ns(next_) > now_ns) return;
      begin(next_++, now_ns);
    }
  }

  void begin(size_t client, uint64_t now_ns) {
    Attempt& attempt = attempts_[client];
    Socket& socket = sockets_[client];
    attempt = {.scheduled_ns = due_ns(client), .begun_ns = now_ns, .source = static_cast<uint8_t>(client % kSources)};
    socket.fd = Descriptor(::socket(target_.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket.fd) return end(client, Outcome::kNotBegun);
    const int fd = socket.fd.get();
    set_on(fd, IPPROTO_TCP, TCP_NODELAY);
    if (sends_from_loopback_ && !bind_source(fd, attempt.source)) return end(client, Outcome::kNotBegun);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&target_.address), target_.size) != 0 && errno != EINPROGRESS) {
      return end(client, outcome_of(errno));
    }
    attempt.local_port = local_port(fd);
    send_rest(client);
    if (socket.fd) watch(client);
  }

  // The port is chosen by connect, which may share it between targets.
  static bool bind_source(int fd, uint8_t source) {
    set_on(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(kFirstSource + source);
    return bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }

  static uint16_t local_port(int fd) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size);
    sockaddr_in address{};  // an IPv6 address has its port at the same place
    std::memcpy(&address, &storage, sizeof address);
    return ntohs(address.sin_port);
  }

  const std::string& request_of(size_t client) const { return plan_.requests[client % plan_.requests.size()]; }
  bool is_sent(size_t client) const { return sockets_[client].sent_bytes == request_of(client).size(); }

  void watch(size_t client) {
    epoll_event event{};
    event.events = EPOLLRDHUP | EPOLLET | (is_sent(client) ? 0U : static_cast<uint32_t>(EPOLLOUT));
    event.data.u64 = client;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, sockets_[client].fd.get(), &event) != 0) {
      end(client, Outcome::kNotBegun);
    }
  }

  // Sends what the kernel takes; before the handshake is done that is nothing.
  void send_rest(size_t client) {
    Socket& socket = sockets_[client];
    const std::string_view rest = std::string_view(request_of(client)).substr(socket.sent_bytes);
    const uint64_t now_ns = monotonic_ns();
    const ssize_t sent = send(socket.fd.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      if (attempts_[client].connected_ns == 0) attempts_[client].connected_ns = now_ns;
      socket.sent_bytes += static_cast<size_t>(sent);
    } else if (errno != EAGAIN && errno != EPIPE) {
      end(client, outcome_of(errno));
    }
  }

  Result<void> take_events() {
    std::array<epoll_event, 64> events;
    const timespec timeout = time_to_sleep();
    const int count = epoll_pwait2(epoll_.get(), events.data(), static_cast<int>(events.size()), &timeout, nullptr);
    if (count < 0 && errno != EINTR) return fail_errno("load generator: epoll_pwait2", errno);
    for (int i = 0; i < count; ++i) take_event(events[static_cast<size_t>(i)]);
    return {};
  }

  // Until a client is due or gives up.
  timespec time_to_sleep() const {
    uint64_t wake_ns = UINT64_MAX;
    if (next_ < attempts_.size()) wake_ns = due_ns(next_);
    if (oldest_ < next_) wake_ns = std::min(wake_ns, attempts_[oldest_].begun_ns + plan_.timeout_ns);
    const uint64_t now_ns = monotonic_ns();
    const uint64_t left_ns = wake_ns > now_ns ? wake_ns - now_ns : 0;
    return {.tv_sec = static_cast<time_t>(left_ns / kNanosPerSecond),
            .tv_nsec = static_cast<long>(left_ns % kNanosPerSecond)};
  }

  void take_event(const epoll_event& event) {
    const size_t client = event.data.u64;
    const int fd = sockets_[client].fd.get();
    if ((event.events & EPOLLERR) != 0) {
      int error_number = 0;
      socklen_t size = sizeof error_number;
      getsockopt(fd, SOL_SOCKET, SO_ERROR, &error_number, &size);
      // EPIPE: the reset came after the peer's FIN, and so after the whole reply.
      if (error_number != EPIPE) return end(client, outcome_of(error_number));
    }
    if ((event.events & (EPOLLRDHUP | EPOLLHUP)) != 0) return read_reply(client);
    if (!is_sent(client)) send_rest(client);
  }

  // After the peer's FIN: all there is of the reply is in the receive buffer.
  void read_reply(size_t client) {
    std::array<char, 16 * 1024> buffer;
    const ssize_t got = recv(sockets_[client].fd.get(), buffer.data(), buffer.size(), 0);
    if (got < 0) return end(client, outcome_of(errno));
    const uint16_t status = parse_status({buffer.data(), static_cast<size_t>(got)});
    attempts_[client].status = status;
    end(client, status == 0 ? Outcome::kCutShort : Outcome::kReplied);
  }

  void end(size_t client, Outcome outcome) {
    Attempt& attempt = attempts_[client];
    attempt.outcome = outcome;
    attempt.ended_ns = monotonic_ns();
    sockets_[client].fd.reset();
    ended_.store(ended_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  // Clients give up in the order in which they began.
  void give_up_late() {
    const uint64_t now_ns = monotonic_ns();
    for (; oldest_ < next_; ++oldest_) {
      if (!sockets_[oldest_].fd) continue;
      if (attempts_[oldest_].begun_ns + plan_.timeout_ns > now_ns) return;
      end(oldest_, Outcome::kTimedOut);
    }
  }

  const Plan& plan_;
  const Target& target_;
  std::span<Attempt> attempts_;
  std::atomic<size_t>& ended_;
  Descriptor epoll_;
  std::vector<Socket> sockets_;
  const bool sends_from_loopback_;
  uint64_t begin_ns_ = 0;
  size_t next_ = 0;    // the first client that has not begun
  size_t oldest_ = 0;  // no earlier client waits
};

}  // namespace

Result<void> run(const Plan& plan, const Target& target, std::span<Attempt> attempts, std::atomic<size_t>& ended) {
  return OpenLoop(plan, target, attempts, ended).run();
}

}  // namespace ms::load
