#include "net/refuser.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/clock.h"
#include "net/last_bytes.h"

namespace ms::net {
namespace {

// How often quiet clients are looked for at a stop.
constexpr int kHurriedLookMs = 10;

}  // namespace

Result<std::unique_ptr<Refuser>> Refuser::open(std::string_view refusal, size_t share, RoomSignal& room) {
  Descriptor epoll_fd(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_fd) return fail_errno("epoll_create1", errno);
  Descriptor wake_fd(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!wake_fd) return fail_errno("eventfd", errno);
  epoll_event event{.events = EPOLLIN, .data = {.fd = wake_fd.get()}};
  if (epoll_ctl(epoll_fd.get(), EPOLL_CTL_ADD, wake_fd.get(), &event) != 0) return fail_errno("epoll_ctl", errno);
  return std::unique_ptr<Refuser>(
      new Refuser(std::move(epoll_fd), std::move(wake_fd), refusal, std::max<size_t>(share, 1), room));
}

Refuser::Refuser(Descriptor epoll_fd, Descriptor wake_fd, std::string_view refusal, size_t share, RoomSignal& room)
    : epoll_fd_(std::move(epoll_fd)),
      wake_fd_(std::move(wake_fd)),
      refusal_(refusal),
      share_(share),
      room_(room),
      thread_("refuse", [this] { run(); }) {}

Refuser::~Refuser() {
  {
    const MutexLock lock(mutex_);
    is_stopping_ = true;
  }
  eventfd_write(wake_fd_.get(), 1);
  thread_.join();
}

void Refuser::refuse(Descriptor fd) { hand_over({std::move(fd), true}); }

void Refuser::linger(Descriptor fd) { hand_over({std::move(fd), false}); }

void Refuser::hand_over(Arrival arrival) {
  held_.fetch_add(1, std::memory_order_relaxed);
  bool was_empty = false;
  {
    const MutexLock lock(mutex_);
    was_empty = arrivals_.empty();
    arrivals_.push_back(std::move(arrival));
  }
  if (was_empty) eventfd_write(wake_fd_.get(), 1);
}

void Refuser::hurry() {
  {
    const MutexLock lock(mutex_);
    is_hurried_ = true;
  }
  eventfd_write(wake_fd_.get(), 1);
}

void Refuser::wait_until_empty() {
  for (uint64_t held = held_.load(); held != 0; held = held_.load()) held_.wait(held);
}

void Refuser::run() {
  std::array<epoll_event, 64> events{};
  std::vector<Arrival> arrivals;
  bool is_hurried = false;
  while (true) {
    const int count = epoll_wait(epoll_fd_.get(), events.data(), static_cast<int>(events.size()),
                                 wait_ms(monotonic_ns(), is_hurried));
    const uint64_t now_ns = monotonic_ns();
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<size_t>(i)].data.fd;
      if (fd == wake_fd_.get()) {
        eventfd_t ignored = 0;
        eventfd_read(fd, &ignored);
      } else if (drain(fd)) {
        close_guest(fd);
      } else if (const auto guest = guests_.find(fd); guest != guests_.end()) {
        guest->second.quiet_since_ns = now_ns;
      }
    }
    {
      const MutexLock lock(mutex_);
      if (is_stopping_) return;
      is_hurried = is_hurried_;
      arrivals.swap(arrivals_);
    }
    for (Arrival& arrival : arrivals) admit(std::move(arrival), now_ns);
    arrivals.clear();
    close_expired(now_ns);
    if (is_hurried) close_quiet(now_ns);
    room_.notify();
  }
}

void Refuser::admit(Arrival arrival, uint64_t now_ns) {
  if (guests_.size() >= share_) {
    evictions_.add();
    close_oldest();
  }
  const int fd = arrival.fd.get();
  const uint64_t number = next_number_++;
  guests_.emplace(fd, Guest{std::move(arrival.fd), number, now_ns});
  departures_.push_back({fd, number, now_ns + kLingerMs * kNanosPerMilli});
  // The refusal is far smaller than an empty send buffer: it goes out whole or the client is gone.
  if (arrival.is_refused) send(fd, refusal_.data(), refusal_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  shutdown(fd, SHUT_WR);
  epoll_event event{.events = EPOLLIN | EPOLLRDHUP, .data = {.fd = fd}};
  if (drain(fd) || epoll_ctl(epoll_fd_.get(), EPOLL_CTL_ADD, fd, &event) != 0) close_guest(fd);
}

void Refuser::close_guest(int fd) {
  if (guests_.erase(fd) == 0) return;
  if (held_.fetch_sub(1, std::memory_order_relaxed) == 1) held_.notify_all();
}

void Refuser::close_expired(uint64_t now_ns) {
  while (!departures_.empty() && departures_.front().deadline_ns <= now_ns) close_next();
}

void Refuser::close_quiet(uint64_t now_ns) {
  for (auto guest = guests_.begin(); guest != guests_.end();) {
    const int fd = guest->first;
    const bool is_quiet = now_ns - guest->second.quiet_since_ns >= kQuietLingerMs * kNanosPerMilli;
    ++guest;  // before its predecessor goes
    if (is_quiet && is_end_acknowledged(fd)) {
      drain(fd);
      close_guest(fd);
    }
  }
}

void Refuser::close_oldest() {
  while (!departures_.empty() && !close_next()) {
  }
}

bool Refuser::close_next() {
  const Departure departure = departures_.front();
  departures_.pop_front();
  const auto guest = guests_.find(departure.fd);
  if (guest == guests_.end() || guest->second.number != departure.number) return false;
  drain(departure.fd);
  close_guest(departure.fd);
  return true;
}

int Refuser::wait_ms(uint64_t now_ns, bool is_hurried) const {
  if (departures_.empty()) return -1;
  const uint64_t deadline_ns = departures_.front().deadline_ns;
  const int left_ms = deadline_ns <= now_ns ? 0 : static_cast<int>((deadline_ns - now_ns) / kNanosPerMilli + 1);
  return is_hurried ? std::min(left_ms, kHurriedLookMs) : left_ms;
}

bool Refuser::drain(int fd) {
  std::array<char, 16 * 1024> nowhere;
  // Bounded, so that one fast sender does not keep the thread; level-triggered, so that the rest is not forgotten.
  for (int reads = 0; reads < 16; ++reads) {
    const ssize_t got = recv(fd, nowhere.data(), nowhere.size(), MSG_DONTWAIT);
    if (got == 0) return true;
    if (got < 0) return errno != EAGAIN && errno != EINTR;
  }
  return false;
}

}  // namespace ms::net
