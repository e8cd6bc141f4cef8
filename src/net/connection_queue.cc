#include "net/connection_queue.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "net/descriptors.h"

namespace ms::net {
namespace {

// What epoll hands back: a connection's number and descriptor, or one of these. No connection has all the bits.
constexpr uint64_t kMailTag = ~uint64_t{0};
constexpr uint64_t kStopTag = kMailTag - 1;
constexpr unsigned kDescriptorBits = 21;
static_assert(kDescriptorsMax < uint64_t{1} << kDescriptorBits);

uint64_t tag_of(int fd, uint64_t number) { return number << kDescriptorBits | static_cast<uint64_t>(fd); }

int control(const Descriptor& epoll_fd, int operation, int fd, uint32_t events, uint64_t tag) {
  epoll_event event{.events = events, .data = {.u64 = tag}};
  return epoll_ctl(epoll_fd.get(), operation, fd, &event);
}

ConnectionQueue::Event event_of(const epoll_event& told) {
  using Kind = ConnectionQueue::Event::Kind;
  const uint64_t tag = told.data.u64;
  if (tag == kMailTag) return {Kind::kMail};
  if (tag == kStopTag) return {Kind::kStop};
  constexpr uint64_t kDescriptorMask = (uint64_t{1} << kDescriptorBits) - 1;
  return {Kind::kConnection, static_cast<int>(tag & kDescriptorMask), tag >> kDescriptorBits,
          (told.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0};
}

}  // namespace

Result<std::unique_ptr<ConnectionQueue>> ConnectionQueue::open(size_t descriptors_max) {
  Descriptor epoll_fd(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_fd) return fail_errno("epoll_create1", errno);
  Descriptor stop_fd(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!stop_fd) return fail_errno("eventfd", errno);
  auto table = ConnectionTable::open(descriptors_max);
  if (!table) return std::unexpected(std::move(table).error());
  auto mailbox = Mailbox::open();
  if (!mailbox) return std::unexpected(std::move(mailbox).error());

  // Edge-triggered: each signal wakes one worker, and nothing needs to be armed again.
  if (control(epoll_fd, EPOLL_CTL_ADD, (*mailbox)->event_fd(), EPOLLIN | EPOLLET, kMailTag) != 0 ||
      control(epoll_fd, EPOLL_CTL_ADD, stop_fd.get(), EPOLLIN, kStopTag) != 0) {
    return fail_errno("epoll_ctl", errno);
  }
  return std::unique_ptr<ConnectionQueue>(
      new ConnectionQueue(std::move(epoll_fd), std::move(stop_fd), std::move(*table), std::move(*mailbox)));
}

ConnectionQueue::ConnectionQueue(Descriptor epoll_fd, Descriptor stop_fd, std::unique_ptr<ConnectionTable> table,
                                 std::unique_ptr<Mailbox> mailbox)
    : epoll_fd_(std::move(epoll_fd)),
      stop_fd_(std::move(stop_fd)),
      table_(std::move(table)),
      mailbox_(std::move(mailbox)) {}

void ConnectionQueue::enter(int fd, const Arrival& arrival, uint64_t deadline_ns) {
  Slot& slot = table_->claim(fd);
  slot.phase.load(std::memory_order_acquire);  // kFree: what the descriptor's last holder did to the slot is done
  slot.arrival = arrival;
  slot.connection = nullptr;
  slot.is_served.store(false, std::memory_order_relaxed);
  slot.accepted_ns.store(arrival.accepted_ns, std::memory_order_relaxed);
  slot.enqueued_ns.store(0, std::memory_order_relaxed);
  slot.deadline_ns.store(deadline_ns, std::memory_order_relaxed);
  slot.direction.store(Direction::kRead, std::memory_order_relaxed);
  slot.number.store(arrival.number, std::memory_order_release);  // last: see SocketCensus
  open_.fetch_add(1, std::memory_order_relaxed);
  waiting_.fetch_add(1, std::memory_order_relaxed);
  slot.phase.store(Phase::kLobby, std::memory_order_release);
}

bool ConnectionQueue::enqueue(int fd, const Arrival& arrival, uint64_t deadline_ns) {
  enter(fd, arrival, deadline_ns);
  if (control(epoll_fd_, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLRDHUP | EPOLLET, tag_of(fd, arrival.number)) == 0) {
    return true;
  }
  table_->at(fd).phase.store(Phase::kFree, std::memory_order_release);
  waiting_.fetch_sub(1, std::memory_order_relaxed);
  open_.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

// The kernel is asked while the connection is still held: nobody else can close it, or change what it waits for. What
// it tells at once may reach another thread before the connection is back; then it is asked again.
void ConnectionQueue::put_back(int fd, Direction direction, uint64_t deadline_ns, bool may_have_unread) {
  Slot& slot = table_->at(fd);
  const Direction before = slot.direction.exchange(direction, std::memory_order_relaxed);
  bool is_to_ask = direction == Direction::kWrite || before == Direction::kWrite || may_have_unread;
  slot.deadline_ns.store(deadline_ns, std::memory_order_relaxed);
  while (true) {
    if (is_to_ask) ask(fd, direction, slot.arrival.number);
    if (slot.try_step(Phase::kTaken, Phase::kLobby)) return;
    slot.phase.store(Phase::kTaken, std::memory_order_relaxed);
    is_to_ask = true;
  }
}

void ConnectionQueue::ask(int fd, Direction direction, uint64_t number) {
  const uint32_t interest = direction == Direction::kRead ? EPOLLIN | EPOLLRDHUP : EPOLLOUT;
  control(epoll_fd_, EPOLL_CTL_MOD, fd, interest | EPOLLET, tag_of(fd, number));
}

void ConnectionQueue::remove(int fd) {
  Slot& slot = table_->at(fd);
  if (!slot.is_served.load(std::memory_order_relaxed)) waiting_.fetch_sub(1, std::memory_order_relaxed);
  slot.connection = nullptr;
  slot.phase.store(Phase::kFree, std::memory_order_release);
  open_.fetch_sub(1, std::memory_order_relaxed);
}

void ConnectionQueue::hand_over(int fd) {
  control(epoll_fd_, EPOLL_CTL_DEL, fd, 0, 0);
  remove(fd);
}

void ConnectionQueue::mark_served(Slot& slot) {
  slot.is_served.store(true, std::memory_order_relaxed);
  waiting_.fetch_sub(1, std::memory_order_relaxed);
}

std::span<const ConnectionQueue::Event> ConnectionQueue::wait(std::span<Event> events) {
  std::array<epoll_event, kEventsMax> told;
  const int told_max = static_cast<int>(std::min(events.size(), told.size()));
  int count = 0;
  while (count <= 0) count = epoll_wait(epoll_fd_.get(), told.data(), told_max, -1);
  for (int i = 0; i < count; ++i) events[i] = event_of(told[i]);
  return events.first(static_cast<size_t>(count));
}

void ConnectionQueue::stop_workers() { eventfd_write(stop_fd_.get(), 1); }

uint64_t ConnectionQueue::oldest_age_ns(uint64_t now_ns) {
  if (length() == 0) return 0;
  uint64_t oldest = now_ns;
  for (size_t fd = 0; fd < table_->end(); ++fd) {
    const Slot& slot = table_->at(static_cast<int>(fd));
    if (slot.phase.load(std::memory_order_acquire) != Phase::kLobby) continue;
    if (slot.is_served.load(std::memory_order_relaxed)) continue;
    oldest = std::min(oldest, slot.accepted_ns.load(std::memory_order_relaxed));
  }
  return now_ns - oldest;
}

}  // namespace ms::net
