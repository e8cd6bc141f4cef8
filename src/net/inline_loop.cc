#include "net/inline_loop.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/clock.h"

namespace ms::net {
namespace {

constexpr uint16_t kWorker = 1;
constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();

int poll_timeout_ms(uint64_t until_ns, uint64_t now_ns) {
  if (until_ns == kNever) return -1;
  if (until_ns <= now_ns) return 0;
  constexpr uint64_t kDayMs = 86'400'000;
  return static_cast<int>(std::min((until_ns - now_ns + kNanosPerMilli - 1) / kNanosPerMilli, kDayMs));
}

short events_of(const Slot& slot) {
  return slot.direction.load(std::memory_order_relaxed) == Direction::kRead ? POLLIN : POLLOUT;
}

}  // namespace

InlineLoop::InlineLoop(Acceptor& acceptor, ServingContext& context, uint64_t first_bytes_ms)
    : acceptor_(acceptor),
      context_(context),
      queue_(context.queue),
      first_bytes_ms_(first_bytes_ms),
      server_(context, kWorker),
      thread_("inline", [this] { run(); }) {}

InlineLoop::~InlineLoop() { stop(0); }

void InlineLoop::stop(uint64_t timeout_ms) {
  if (!acceptor_.is_stopping()) {
    stop_begin_ns_ = monotonic_ns();
    give_up_ns_ = stop_begin_ns_ + timeout_ms * kNanosPerMilli;
    acceptor_.stop();
  }
  thread_.join();
}

void InlineLoop::run() {
  server_.activity().begin(0, monotonic_ns());
  while (acceptor_.wait()) {
    bool is_empty = false;
    while (!is_empty && !acceptor_.is_stopping()) {
      is_empty = true;
      for (Acceptor::Source& source : acceptor_.sources()) is_empty &= take_turn(source);
    }
  }
  const uint64_t now_ns = monotonic_ns();
  const uint64_t left_ms = give_up_ns_ > now_ns ? (give_up_ns_ - now_ns) / kNanosPerMilli : 0;
  acceptor_.close(left_ms, [this](Acceptor::Source& source) { return take_turn(source); });
}

bool InlineLoop::take_turn(Acceptor::Source& source) {
  acceptor_.sample_depth(source);
  auto accepted = acceptor_.accept(source);
  if (!accepted) {
    if (accepted.error() == Acceptor::None::kBlocked) acceptor_.pause();
    return accepted.error() == Acceptor::None::kEmpty;
  }
  const Arrival& arrival = accepted->arrival;
  const int fd = accepted->fd.release();
  queue_.enter(fd, arrival, arrival.accepted_ns + first_bytes_ms_ * kNanosPerMilli);
  serve(fd);
  server_.activity().begin(0, acceptor_.finish(arrival));
  return false;
}

void InlineLoop::serve(int fd) {
  Slot& slot = queue_.table().at(fd);
  while (true) {
    const Phase phase = slot.phase.load(std::memory_order_relaxed);
    if (phase == Phase::kFree) return;
    const bool is_parked = phase == Phase::kTaken;
    const uint64_t until_ns = is_parked ? kNever : deadline_ns(slot);
    if (is_parked ? wait(queue_.mailbox().event_fd(), POLLIN, until_ns) : wait(fd, events_of(slot), until_ns)) {
      is_parked
          ? take_mail()
          : server_.serve({.kind = ConnectionQueue::Event::Kind::kConnection, .fd = fd, .number = slot.arrival.number});
    } else if (has_given_up()) {
      return;
    } else if (monotonic_ns() >= until_ns) {
      end(fd, slot);
    }
  }
}

void InlineLoop::take_mail() {
  eventfd_t ignored = 0;
  eventfd_read(queue_.mailbox().event_fd(), &ignored);
  server_.deliver_mail();
}

void InlineLoop::end(int fd, Slot& slot) {
  slot.phase.store(Phase::kTaken, std::memory_order_relaxed);
  const bool is_silent = slot.connection == nullptr;
  if (!is_silent || !acceptor_.is_stopping()) return server_.expire(fd, slot);
  server_.end_if_idle(fd, slot, monotonic_ns());
}

bool InlineLoop::wait(int fd, short events, uint64_t until_ns) {
  const bool is_stopping = acceptor_.is_stopping();
  if (is_stopping) until_ns = std::min(until_ns, give_up_ns_);
  // A stop wakes it once: from then on the second descriptor is left out.
  std::array<pollfd, 2> polls = {{{.fd = fd, .events = events, .revents = 0},
                                  {.fd = is_stopping ? -1 : acceptor_.stop_fd(), .events = POLLIN, .revents = 0}}};
  poll(polls.data(), polls.size(), poll_timeout_ms(until_ns, monotonic_ns()));
  return polls[0].revents != 0;
}

uint64_t InlineLoop::deadline_ns(const Slot& slot) const {
  const uint64_t deadline_ns = slot.deadline_ns.load(std::memory_order_relaxed);
  const bool is_silent = slot.connection == nullptr;
  if (!is_silent || !acceptor_.is_stopping()) return deadline_ns;
  return std::min(deadline_ns, stop_begin_ns_ + ConnectionServer::kIdleGraceMs * kNanosPerMilli);
}

bool InlineLoop::has_given_up() const { return acceptor_.is_stopping() && monotonic_ns() >= give_up_ns_; }

}  // namespace ms::net
