// Mailbox: how what a connection waited for, done on another thread, comes back to the workers.
//
// Any thread posts; an eventfd in the lobby wakes one worker, which takes a handful and signals again where more is
// left, so that a large commit's replies are spread over the idle workers. One eventfd write announces all that is
// posted until a worker comes. Thread-safe. Bounded by the number of connections: each has at most one letter in it.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <vector>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/mutex.h"

namespace ms::net {

class Connection;

class Mailbox {
 public:
  static constexpr size_t kTakeMax = 16;

  static Result<std::unique_ptr<Mailbox>> open();

  int event_fd() const { return event_fd_.get(); }
  void post(Connection* connection);
  // Replaces `letters` with at most kTakeMax connections, oldest first.
  void take(std::vector<Connection*>& letters);

 private:
  explicit Mailbox(Descriptor event_fd) : event_fd_(std::move(event_fd)) {}
  void signal();

  Descriptor event_fd_;
  Mutex mutex_;
  std::deque<Connection*> letters_ MS_GUARDED_BY(mutex_);
  bool is_signalled_ MS_GUARDED_BY(mutex_) = false;
};

}  // namespace ms::net
