#include "net/descriptors.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace ms::net {

Result<size_t> raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return fail_errno("getrlimit RLIMIT_NOFILE", errno);
  const rlim_t wanted = std::min<rlim_t>(limit.rlim_max, kDescriptorsMax);
  if (limit.rlim_cur < wanted) {
    limit.rlim_cur = wanted;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return fail_errno("setrlimit RLIMIT_NOFILE", errno);
  }
  return std::min<size_t>(limit.rlim_cur, kDescriptorsMax);
}

Result<void> grow_descriptor_table(size_t count) {
  const Descriptor any(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!any) return fail_errno("open /dev/null", errno);
  const Descriptor last(fcntl(any.get(), F_DUPFD_CLOEXEC, static_cast<int>(count - 1)));
  if (!last) return fail_errno("grow the descriptor table to " + std::to_string(count), errno);
  return {};
}

void DescriptorReserve::refill() {
  while (spare_.size() < kCount) {
    Descriptor fd(open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!fd) return;
    spare_.push_back(std::move(fd));
  }
}

bool DescriptorReserve::give_up_one() {
  if (spare_.empty()) return false;
  spare_.pop_back();
  return true;
}

Result<std::unique_ptr<RoomSignal>> RoomSignal::open() {
  Descriptor fd(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!fd) return fail_errno("eventfd", errno);
  return std::unique_ptr<RoomSignal>(new RoomSignal(std::move(fd)));
}

void RoomSignal::await() {
  eventfd_t earlier = 0;
  eventfd_read(event_fd_.get(), &earlier);
  is_awaited_.store(true);
}

void RoomSignal::wait(int other_fd, int ms_max) {
  std::array<pollfd, 2> polls = {
      {{.fd = event_fd_.get(), .events = POLLIN, .revents = 0}, {.fd = other_fd, .events = POLLIN, .revents = 0}}};
  poll(polls.data(), polls.size(), ms_max);
  is_awaited_.store(false);
}

void RoomSignal::signal() { eventfd_write(event_fd_.get(), 1); }

}  // namespace ms::net
