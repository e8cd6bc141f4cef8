#include "net/worker.h"

#include <sys/ioctl.h>

#include <algorithm>

#include "base/clock.h"

namespace ms::net {
namespace {

constexpr size_t kReadBytes = 64 * 1024;

bool has_unread_bytes(int fd) {
  int count = 0;
  return ioctl(fd, FIONREAD, &count) == 0 && count > 0;
}

}  // namespace

std::string_view stage_name(Stage stage) {
  switch (stage) {
    case Stage::kAccept:
      return "accept";
    case Stage::kEnqueue:
      return "enqueue";
    case Stage::kQueue:
      return "queue";
    case Stage::kReceive:
      return "receive";
    case Stage::kCommit:
      return "commit";
    case Stage::kReply:
      return "reply";
    case Stage::kTotal:
      return "total";
  }
  return "unknown";
}

Worker::Worker(const std::string& name, WorkerContext& context)
    : context_(context), queue_(context.queue), buffer_(kReadBytes), thread_(name, [this] { run(); }) {}

void Worker::run() {
  while (true) {
    const ConnectionQueue::Event event = queue_.wait();
    switch (event.kind) {
      case ConnectionQueue::Event::Kind::kConnection:
        serve(event.fd);
        break;
      case ConnectionQueue::Event::Kind::kMail:
        deliver_mail();
        break;
      case ConnectionQueue::Event::Kind::kTick:
        sweep();
        break;
      case ConnectionQueue::Event::Kind::kStop:
        return;
    }
  }
}

void Worker::serve(int fd) {
  Slot& slot = queue_.table().at(fd);
  if (!slot.try_take()) return;
  const uint64_t now_ns = monotonic_ns();
  Connection& connection = meet(fd, slot, now_ns);
  settle(connection, connection.on_ready(buffer_, now_ns, *this));
}

void Worker::deliver_mail() {
  queue_.mailbox().take(letters_);
  for (Connection* connection : letters_) settle(*connection, connection->on_mail(*this));
}

Connection& Worker::meet(int fd, Slot& slot, uint64_t now_ns) {
  if (slot.connection != nullptr) return *slot.connection;
  queue_.mark_served(slot);
  stats_.connections.add();
  const uint64_t enqueued_ns = slot.enqueued_ns.load(std::memory_order_relaxed);
  const Stamps stamps{.accept_begin_ns = slot.accept_begin_ns,
                      .accepted_ns = slot.accepted_ns.load(std::memory_order_relaxed),
                      .enqueued_ns = enqueued_ns != 0 ? enqueued_ns : now_ns,  // taken while still being enqueued
                      .taken_ns = now_ns};
  slot.connection = new Connection(Descriptor(fd), stamps, context_.sessions, queue_.mailbox());
  return *slot.connection;
}

void Worker::settle(Connection& connection, Connection::Rest rest) {
  switch (rest) {
    case Connection::Rest::kParked:
      return;  // another worker may have it by now, or have closed it
    case Connection::Rest::kRead:
      queue_.put_back(connection.fd(), Direction::kRead, connection.session().deadline_ns());
      return;
    case Connection::Rest::kWrite:
      queue_.put_back(connection.fd(), Direction::kWrite, monotonic_ns() + kReplyDeadlineMs * kNanosPerMilli);
      return;
    case Connection::Rest::kBroken:
      stats_.broken.add();
      [[fallthrough]];
    case Connection::Rest::kClosed: {
      const std::unique_ptr<Connection> closed(&connection);
      queue_.remove(closed->fd());
      return;
    }
    case Connection::Rest::kLinger: {
      const std::unique_ptr<Connection> left(&connection);
      queue_.remove(left->fd());
      context_.refuser.linger(left->release());
      return;
    }
  }
}

void Worker::on_reply(const Connection& connection) {
  const Stamps& stamps = connection.stamps();
  const bool is_first = connection.replies() == 1;
  const auto record = [this](Stage stage, uint64_t begin_ns, uint64_t end_ns) {
    stats_.stages[static_cast<size_t>(stage)].record(end_ns > begin_ns ? end_ns - begin_ns : 0);
  };
  stats_.requests.add();
  if (is_first) {
    record(Stage::kAccept, stamps.accept_begin_ns, stamps.accepted_ns);
    record(Stage::kEnqueue, stamps.accepted_ns, stamps.enqueued_ns);
    record(Stage::kQueue, stamps.enqueued_ns, stamps.taken_ns);
  }
  const uint64_t complete_ns = stamps.complete_ns != 0 ? stamps.complete_ns : stamps.replied_ns;
  record(Stage::kReceive, stamps.taken_ns, complete_ns);
  if (stamps.durable_ns != 0) record(Stage::kCommit, complete_ns, stamps.durable_ns);
  record(Stage::kReply, std::max(complete_ns, stamps.durable_ns), stamps.replied_ns);
  record(Stage::kTotal, is_first ? stamps.accepted_ns : stamps.taken_ns, stamps.replied_ns);
}

void Worker::sweep() {
  const uint64_t now_ns = monotonic_ns();
  const uint64_t idle_closed_before_ns = context_.idle_closed_before_ns.load(std::memory_order_acquire);
  ConnectionTable& table = queue_.table();
  for (size_t i = 0; i < table.end(); ++i) {
    const int fd = static_cast<int>(i);
    Slot& slot = table.at(fd);
    if (slot.phase.load(std::memory_order_acquire) != Phase::kLobby) continue;
    const auto is_late = [&] { return slot.deadline_ns.load(std::memory_order_relaxed) <= now_ns; };
    if (!is_late() && idle_closed_before_ns == 0) continue;
    if (!slot.try_take()) continue;
    // Asked again: between the look and the take another worker may have served it and given it a new deadline.
    if (is_late()) {
      expire(fd, slot);
    } else {
      close_if_idle(fd, slot);
    }
  }
}

void Worker::expire(int fd, Slot& slot) {
  if (slot.connection == nullptr && has_unread_bytes(fd)) {
    stats_.queue_timeouts.add();
    queue_.remove(fd);
    context_.refuser.refuse(Descriptor(fd));
    return;
  }
  Connection& connection = meet(fd, slot, monotonic_ns());
  if (!connection.is_sending() && has_unread_bytes(fd)) {
    // What it was to send has come, and waits for a worker: the delay is ours.
    queue_.put_back(fd, Direction::kRead, slot.deadline_ns.load(std::memory_order_relaxed));
    return;
  }
  Counter& reason = connection.is_sending()          ? stats_.send_timeouts
                    : connection.session().is_idle() ? stats_.idle_timeouts
                                                     : stats_.receive_timeouts;
  reason.add();
  settle(connection, connection.on_deadline(*this));
}

// A connection with unread bytes is on its way to a worker: it is served. One that is closed goes by way of FIN and the
// refusing thread, since its client's next request may be on the wire.
void Worker::close_if_idle(int fd, Slot& slot) {
  const uint64_t closed_before_ns = context_.idle_closed_before_ns.load(std::memory_order_relaxed);
  const bool is_silent = slot.connection == nullptr;
  const bool is_idle = is_silent ? slot.accepted_ns.load(std::memory_order_relaxed) < closed_before_ns
                                 : slot.connection->session().is_idle() && !slot.connection->is_sending();
  if (closed_before_ns == 0 || !is_idle || has_unread_bytes(fd)) {
    const bool is_sending = !is_silent && slot.connection->is_sending();
    queue_.put_back(fd, is_sending ? Direction::kWrite : Direction::kRead,
                    slot.deadline_ns.load(std::memory_order_relaxed));
    return;
  }
  const std::unique_ptr<Connection> left(slot.connection);
  queue_.remove(fd);
  context_.refuser.linger(is_silent ? Descriptor(fd) : left->release());
}

}  // namespace ms::net
