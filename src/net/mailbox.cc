#include "net/mailbox.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

namespace ms::net {

Result<std::unique_ptr<Mailbox>> Mailbox::open() {
  Descriptor fd(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!fd) return fail_errno("eventfd", errno);
  return std::unique_ptr<Mailbox>(new Mailbox(std::move(fd)));
}

void Mailbox::post(Connection* connection) {
  {
    const MutexLock lock(mutex_);
    letters_.push_back(connection);
    if (is_signalled_) return;
    is_signalled_ = true;
  }
  signal();
}

void Mailbox::take(std::vector<Connection*>& letters) {
  bool is_more_left = false;
  {
    const MutexLock lock(mutex_);
    const auto end = letters_.begin() + static_cast<ptrdiff_t>(std::min(letters_.size(), kTakeMax));
    letters.assign(letters_.begin(), end);
    letters_.erase(letters_.begin(), end);
    is_more_left = !letters_.empty();
    is_signalled_ = is_more_left;
  }
  if (is_more_left) signal();
}

void Mailbox::signal() { eventfd_write(event_fd_.get(), 1); }

}  // namespace ms::net
