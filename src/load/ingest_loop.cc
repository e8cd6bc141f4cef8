#include "load/ingest_loop.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "load/reply_reader.h"

namespace ms::load {
namespace {

constexpr uint64_t kRestNs = 100 * kNanosPerMilli;  // after a connect that failed
constexpr uint64_t kStopSeenWithinNs = 50 * kNanosPerMilli;

enum class Phase : uint8_t {
  kResting,     // until wake_ns: then it connects
  kConnecting,  // until wake_ns at most
  kSending,     // the same; a reply may come before all is sent
  kAwaiting,    // the same
  kDone,
};

struct Lane {
  Phase phase = Phase::kResting;
  Descriptor socket;
  uint64_t wake_ns = 0;
  uint64_t unconnected_since_ns = 0;
  WriteRequest request;
  size_t sent_bytes = 0;
  uint64_t due_ns = 0;  // when the request could have been sent
  ReplyReader reply;
};

int take_error(int fd) {
  int number = 0;
  socklen_t size = sizeof number;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &size);
  return number;
}

class Loop {
 public:
  Loop(const IngestLoop::Settings& settings, RequestSupply& supply, const std::atomic<bool>& is_stopping,
       std::atomic<uint64_t>& samples_acked)
      : settings_(settings),
        supply_(supply),
        is_stopping_(is_stopping),
        samples_acked_(samples_acked),
        epoll_(epoll_create1(EPOLL_CLOEXEC)),
        lanes_(settings.connections) {}

  Result<IngestTally> run() {
    if (!epoll_) return fail_errno("load generator: epoll_create1", errno);
    for (Lane& lane : lanes_) lane.unconnected_since_ns = monotonic_ns();
    while (true) {
      wake_due();
      if (has_failed_from_the_first()) return fail_errno("connect", first_failure_);
      if (is_done()) return std::move(tally_);
      if (auto taken = take_events(); !taken) return std::unexpected(std::move(taken).error());
    }
  }

 private:
  bool is_done() const {
    return std::ranges::all_of(lanes_, [](const Lane& lane) { return lane.phase == Phase::kDone; });
  }

  // Each lane has tried; those without work, and those that have given up, are done.
  bool has_failed_from_the_first() const {
    return first_failure_ != 0 && tally_.connects == 0 && std::ranges::all_of(lanes_, [](const Lane& lane) {
             return lane.phase == Phase::kResting || lane.phase == Phase::kDone;
           });
  }

  bool is_stopping() const { return is_stopping_.load(std::memory_order_relaxed); }

  size_t number_of(const Lane& lane) const { return static_cast<size_t>(&lane - lanes_.data()); }

  void wake_due() {
    const uint64_t now_ns = monotonic_ns();
    for (Lane& lane : lanes_) {
      if (lane.phase == Phase::kResting && (is_stopping() || !supply_.has_more(number_of(lane)))) {
        lane.phase = Phase::kDone;
      }
      if (lane.phase == Phase::kDone || lane.wake_ns > now_ns) continue;
      switch (lane.phase) {
        case Phase::kResting:
          begin_connect(lane, now_ns);
          break;
        case Phase::kConnecting:
          fail_connect(lane, ETIMEDOUT);
          break;
        case Phase::kSending:
        case Phase::kAwaiting:
          end_request(lane, tally_.timed_out);
          break;
        case Phase::kDone:
          break;
      }
    }
  }

  Result<void> take_events() {
    std::array<epoll_event, 64> events;
    const timespec timeout = time_to_sleep();
    const int count = epoll_pwait2(epoll_.get(), events.data(), static_cast<int>(events.size()), &timeout, nullptr);
    if (count < 0 && errno != EINTR) return fail_errno("load generator: epoll_pwait2", errno);
    for (int i = 0; i < count; ++i) take_event(lanes_[events[static_cast<size_t>(i)].data.u64]);
    return {};
  }

  timespec time_to_sleep() const {
    const uint64_t now_ns = monotonic_ns();
    uint64_t wake_ns = now_ns + kStopSeenWithinNs;
    for (const Lane& lane : lanes_) {
      if (lane.phase != Phase::kDone) wake_ns = std::min(wake_ns, lane.wake_ns);
    }
    return {.tv_sec = 0, .tv_nsec = static_cast<long>(wake_ns > now_ns ? wake_ns - now_ns : 0)};
  }

  void begin_connect(Lane& lane, uint64_t now_ns) {
    lane.phase = Phase::kConnecting;
    lane.wake_ns = now_ns + settings_.timeout_ns;
    lane.socket =
        Descriptor(::socket(settings_.target.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!lane.socket) return fail_connect(lane, errno);
    constexpr int kOn = 1;
    setsockopt(lane.socket.get(), IPPROTO_TCP, TCP_NODELAY, &kOn, sizeof kOn);
    const auto* address = reinterpret_cast<const sockaddr*>(&settings_.target.address);
    if (connect(lane.socket.get(), address, settings_.target.size) != 0 && errno != EINPROGRESS) {
      return fail_connect(lane, errno);
    }
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.u64 = number_of(lane);
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, lane.socket.get(), &event) != 0) fail_connect(lane, errno);
  }

  void fail_connect(Lane& lane, int error_number) {
    ++(error_number == ECONNREFUSED ? tally_.connect_refused : tally_.connect_failed);
    if (first_failure_ == 0) first_failure_ = error_number;
    const uint64_t now_ns = monotonic_ns();
    const bool gives_up = now_ns - lane.unconnected_since_ns >= settings_.timeout_ns;
    lane.socket.reset();
    lane.phase = gives_up ? Phase::kDone : Phase::kResting;
    lane.wake_ns = now_ns + kRestNs;
  }

  void take_event(Lane& lane) {
    if (lane.phase == Phase::kConnecting) {
      if (const int failure = take_error(lane.socket.get()); failure != 0) return fail_connect(lane, failure);
      ++tally_.connects;
      return begin_request(lane, lane.unconnected_since_ns);
    }
    if (lane.phase == Phase::kSending || lane.phase == Phase::kAwaiting) read_reply(lane);
    if (lane.phase == Phase::kSending) send_rest(lane);
  }

  // On a connection that is free. `due_ns`: when the lane could have sent it, had it been connected.
  void begin_request(Lane& lane, uint64_t due_ns) {
    const uint64_t now_ns = monotonic_ns();
    auto request = is_stopping() ? std::nullopt : supply_.take(number_of(lane));
    if (!request) {
      lane.socket.reset();
      lane.phase = Phase::kDone;
      return;
    }
    lane.request = std::move(*request);
    lane.sent_bytes = 0;
    lane.due_ns = due_ns;
    lane.wake_ns = now_ns + settings_.timeout_ns;
    lane.phase = Phase::kSending;
    lane.reply.reset();
    if (tally_.begun_ns == 0) tally_.begun_ns = due_ns;
    ++tally_.requests;
    tally_.samples_sent += lane.request.samples;
    tally_.body_bytes += lane.request.body_bytes;
    send_rest(lane);
  }

  void send_rest(Lane& lane) {
    while (lane.sent_bytes < lane.request.bytes.size()) {
      const std::string_view rest = std::string_view(lane.request.bytes).substr(lane.sent_bytes);
      const ssize_t sent = send(lane.socket.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EAGAIN) return;
      if (sent < 0) return read_last_words(lane);
      lane.sent_bytes += static_cast<size_t>(sent);
    }
    lane.phase = Phase::kAwaiting;
  }

  // The peer takes no more: it has thrown the connection away, perhaps after a reply.
  void read_last_words(Lane& lane) {
    std::array<char, 16 * 1024> buffer;
    ssize_t got = 0;
    while (lane.reply.state() == ReplyReader::State::kReading &&
           (got = recv(lane.socket.get(), buffer.data(), buffer.size(), 0)) > 0) {
      lane.reply.read({buffer.data(), static_cast<size_t>(got)});
    }
    if (lane.reply.is_whole()) return end_replied(lane);
    end_request(lane, tally_.reset);
  }

  void read_reply(Lane& lane) {
    std::array<char, 16 * 1024> buffer;
    while (true) {
      const ssize_t got = recv(lane.socket.get(), buffer.data(), buffer.size(), 0);
      if (got < 0 && errno == EAGAIN) return;
      if (got < 0) return end_request(lane, tally_.reset);
      if (got == 0) {
        lane.reply.end_stream();
        return lane.reply.is_whole() ? end_replied(lane) : end_request(lane, tally_.cut_short);
      }
      const std::string_view bytes(buffer.data(), static_cast<size_t>(got));
      const bool has_more = lane.reply.read(bytes) < bytes.size();
      if (lane.reply.state() == ReplyReader::State::kBroken) return end_request(lane, tally_.broken);
      if (!lane.reply.is_whole()) continue;
      // What nobody asked for, or the end that may be behind the reply already, is found out before the next request.
      const bool is_free = lane.reply.keeps_open() && !has_more && lane.sent_bytes == lane.request.bytes.size() &&
                           recv(lane.socket.get(), buffer.data(), 1, MSG_PEEK) < 0 && errno == EAGAIN;
      return end_replied(lane, is_free);
    }
  }

  void end_replied(Lane& lane, bool is_free = false) {
    const uint64_t now_ns = monotonic_ns();
    ++tally_.statuses[lane.reply.status()];
    if (lane.reply.status() / 100 == 2) {
      tally_.samples_acked += lane.request.samples;
      samples_acked_.store(tally_.samples_acked, std::memory_order_relaxed);
      tally_.replies.record(now_ns - lane.due_ns);
    }
    tally_.ended_ns = now_ns;
    if (is_free) return begin_request(lane, now_ns);
    disconnect(lane, now_ns);
  }

  // Without a reply.
  void end_request(Lane& lane, uint64_t& counter) {
    ++counter;
    tally_.ended_ns = monotonic_ns();
    disconnect(lane, tally_.ended_ns);
  }

  // Another generator's thread may have a descriptor table of its own, with a copy of the socket in it: only a shutdown
  // tells the server for sure.
  void disconnect(Lane& lane, uint64_t now_ns) {
    shutdown(lane.socket.get(), SHUT_RDWR);
    lane.socket.reset();
    lane.phase = Phase::kResting;
    lane.wake_ns = now_ns;
    lane.unconnected_since_ns = now_ns;
  }

  const IngestLoop::Settings& settings_;
  RequestSupply& supply_;
  const std::atomic<bool>& is_stopping_;
  std::atomic<uint64_t>& samples_acked_;
  Descriptor epoll_;
  std::vector<Lane> lanes_;
  IngestTally tally_;
  int first_failure_ = 0;  // errno of the first connect that failed
};

}  // namespace

Result<IngestTally> IngestLoop::run() { return Loop(settings_, supply_, is_stopping_, samples_acked_).run(); }

}  // namespace ms::load
