#include "net/connection_server.h"

#include <sys/socket.h>

#include <algorithm>

#include "base/clock.h"
#include "net/last_bytes.h"

namespace ms::net {
namespace {

constexpr size_t kReadBytes = 64 * 1024;

// Whether the next bytes of a connection in the caller's hands begin a request.
bool begins_request(const Slot& slot) {
  return slot.connection == nullptr || (!slot.connection->is_sending() && slot.connection->session().is_idle());
}

// How long a request that begins has waited for a worker; nothing where none has come (the client has closed). The time
// since the connection was last served is a bound of it, at no cost; the kernel is asked only where that is much, as it
// is with a client that was silent for a while.
std::optional<uint64_t> request_wait_ns(const Slot& slot, int fd, uint64_t now_ns, uint64_t much_ns) {
  const uint64_t since_ns =
      slot.connection == nullptr ? slot.arrival.accepted_ns : slot.connection->stamps().taken_ns;  // the last reply
  const uint64_t bound_ns = now_ns > since_ns ? now_ns - since_ns : 0;
  if (bound_ns <= much_ns) return bound_ns;
  if (!has_unread_bytes(fd)) return std::nullopt;
  return std::min(bound_ns, since_last_bytes_ns(fd));
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

ConnectionServer::ConnectionServer(ServingContext& context, uint16_t worker)
    : context_(context),
      queue_(context.queue),
      worker_(worker),
      records_(context.records_per_thread),
      buffer_(kReadBytes) {}

void ConnectionServer::serve(const ConnectionQueue::Event& event) {
  const int fd = event.fd;
  Slot& slot = queue_.table().at(fd);
  if (!slot.take_or_call()) return;
  if (slot.arrival.number != event.number) {
    // A stale event. The connection that it took may not even be armed yet: the accept thread is still at it.
    queue_.put_back(fd, slot.direction.load(std::memory_order_relaxed),
                    slot.deadline_ns.load(std::memory_order_relaxed));
    return;
  }
  const uint64_t now_ns = monotonic_ns();
  activity_.begin(slot.arrival.number, now_ns);
  if (begins_request(slot)) {
    const uint64_t target_ns = context_.judge.policy().target_ns.load(std::memory_order_relaxed);
    const auto wait_ns = request_wait_ns(slot, fd, now_ns, target_ns / 4);
    if (wait_ns && !context_.judge.admit(*wait_ns, now_ns)) return refuse(fd, slot, now_ns);
  }
  Connection& connection = meet(fd, slot, now_ns);
  if (event.is_last) connection.note_last_event();
  settle(connection, connection.on_ready(buffer_, now_ns, *this), Outcome::kClosed);
}

void ConnectionServer::deliver_mail() {
  queue_.mailbox().take(letters_);
  for (Connection* connection : letters_) {
    activity_.begin(queue_.table().at(connection->fd()).arrival.number, monotonic_ns());
    settle(*connection, connection->on_mail(*this), Outcome::kClosed);
  }
}

Connection& ConnectionServer::meet(int fd, Slot& slot, uint64_t now_ns) {
  if (slot.connection != nullptr) return *slot.connection;
  queue_.mark_served(slot);
  stats_.connections.add();
  const uint64_t enqueued_ns = slot.enqueued_ns.load(std::memory_order_relaxed);
  const Stamps stamps{.accept_begin_ns = slot.arrival.accept_begin_ns,
                      .accepted_ns = slot.arrival.accepted_ns,
                      .enqueued_ns = context_.is_single_request ? 0
                                     : enqueued_ns != 0         ? std::min(enqueued_ns, now_ns)
                                                                : now_ns,  // taken while still being enqueued
                      .taken_ns = now_ns};
  slot.connection = new Connection(Descriptor(fd), slot.arrival.number, slot.arrival.peer, stamps, context_.sessions,
                                   queue_.mailbox(), context_.is_single_request);
  return *slot.connection;
}

void ConnectionServer::settle(Connection& connection, Connection::Rest rest, Outcome unanswered) {
  switch (rest) {
    case Connection::Rest::kParked:
      return;  // another worker may have it by now, or have closed it
    case Connection::Rest::kRead:
      queue_.put_back(connection.fd(), Direction::kRead, connection.session().deadline_ns(),
                      connection.may_have_unread());
      return;
    case Connection::Rest::kWrite:
      queue_.put_back(connection.fd(), Direction::kWrite, monotonic_ns() + kReplyDeadlineMs * kNanosPerMilli);
      return;
    case Connection::Rest::kBroken:
    case Connection::Rest::kClosed: {
      std::unique_ptr<Connection> closed(&connection);
      const bool is_broken = rest == Connection::Rest::kBroken;
      if (is_broken) stats_.broken.add();
      if (is_broken || closed->replies() == 0 || unanswered != Outcome::kClosed) {
        write_record(queue_.table().at(closed->fd()), closed->fd(), is_broken ? Outcome::kBroken : unanswered,
                     monotonic_ns());
      }
      queue_.remove(closed->fd());
      closed.reset();
      context_.room.notify();
      return;
    }
    case Connection::Rest::kLinger: {
      const std::unique_ptr<Connection> left(&connection);
      queue_.hand_over(left->fd());
      context_.refuser.linger(left->release());
      return;
    }
  }
}

void ConnectionServer::refuse(int fd, Slot& slot, uint64_t now_ns) {
  stats_.refused_age.add();
  write_record(slot, fd, Outcome::kRefusedAge, now_ns);
  const std::unique_ptr<Connection> left(slot.connection);
  queue_.hand_over(fd);
  context_.refuser.refuse(left == nullptr ? Descriptor(fd) : left->release());
}

void ConnectionServer::on_reply(const Connection& connection) {
  stats_.requests.add();
  record_stages(connection.stamps(), connection.replies() == 1);
  write_record(queue_.table().at(connection.fd()), connection.fd(), Outcome::kReplied, connection.stamps().replied_ns);
}

void ConnectionServer::record_stages(const Stamps& stamps, bool is_first) {
  const auto record = [this](Stage stage, uint64_t begin_ns, uint64_t end_ns) {
    stats_.stages[static_cast<size_t>(stage)].record(end_ns > begin_ns ? end_ns - begin_ns : 0);
  };
  if (is_first) {
    record(Stage::kAccept, stamps.accept_begin_ns, stamps.accepted_ns);
    if (stamps.enqueued_ns != 0) {
      record(Stage::kEnqueue, stamps.accepted_ns, stamps.enqueued_ns);
      record(Stage::kQueue, stamps.enqueued_ns, stamps.taken_ns);
    }
  }
  const uint64_t complete_ns = stamps.complete_ns != 0 ? stamps.complete_ns : stamps.replied_ns;
  record(Stage::kReceive, stamps.taken_ns, complete_ns);
  if (stamps.durable_ns != 0) record(Stage::kCommit, complete_ns, stamps.durable_ns);
  record(Stage::kReply, std::max(complete_ns, stamps.durable_ns), stamps.replied_ns);
  record(Stage::kTotal, is_first ? stamps.accepted_ns : stamps.taken_ns, stamps.replied_ns);
}

void ConnectionServer::write_record(const Slot& slot, int fd, Outcome outcome, uint64_t ended_ns) {
  if (!records_.is_on()) return;
  const Arrival& arrival = slot.arrival;
  const Connection* connection = slot.connection;
  Record record{.connection = arrival.number,
                .fd = fd,
                .worker = worker_,
                .outcome = outcome,
                .peer = arrival.peer,
                .local = arrival.local,
                .kernel_wait = arrival.kernel_wait,
                .ended_ns = ended_ns};
  if (connection == nullptr) {
    record.stamps = {.accept_begin_ns = arrival.accept_begin_ns,
                     .accepted_ns = arrival.accepted_ns,
                     .enqueued_ns = slot.enqueued_ns.load(std::memory_order_relaxed)};
  } else {
    const bool is_reply = outcome == Outcome::kReplied;
    record.stamps = connection->stamps();
    if (outcome == Outcome::kRefusedAge) record.stamps.taken_ns = 0;  // that of the request before
    if (record.stamps.taken_ns != 0) record.taken_by = connection->taken_by();
    const bool was_in_hand = !is_reply && outcome != Outcome::kClosed;
    record.request = connection->replies() + (was_in_hand ? 1 : 0);
    if (is_reply) record.code = static_cast<uint16_t>(connection->session().reply_code());
  }
  records_.write(record);
}

void ConnectionServer::expire(int fd, Slot& slot) {
  const bool is_receiving = slot.connection == nullptr || !slot.connection->is_sending();
  if (is_receiving && has_unread_bytes(fd)) {
    // What it was to send has come, and waits for a worker: the delay is ours, and the judge's matter.
    queue_.put_back(fd, Direction::kRead, slot.deadline_ns.load(std::memory_order_relaxed), true);
    return;
  }
  Connection& connection = meet(fd, slot, monotonic_ns());
  const bool is_idle = !connection.is_sending() && connection.session().is_idle();
  Counter& reason = connection.is_sending() ? stats_.send_timeouts
                    : is_idle               ? stats_.idle_timeouts
                                            : stats_.receive_timeouts;
  reason.add();
  const bool is_answered = is_idle || connection.is_streaming();
  settle(connection, connection.on_deadline(*this), is_answered ? Outcome::kClosed : Outcome::kTimedOut);
}

// A connection with unread bytes is on its way to a worker: it is served. One that is ended goes by way of FIN and the
// refusing thread, since its client's next request may be on the wire; the FIN is sent here, so that as little as can
// be lies between the look and it.
void ConnectionServer::end_if_idle(int fd, Slot& slot, uint64_t accepted_before_ns) {
  const bool is_silent = slot.connection == nullptr;
  if (!is_silent && slot.connection->is_streaming()) {
    // It is here because its client takes nothing, so that it cannot be told of the end.
    return settle(*slot.connection, Connection::Rest::kClosed, Outcome::kClosed);
  }
  const bool is_idle = is_silent ? slot.accepted_ns.load(std::memory_order_relaxed) < accepted_before_ns
                                 : slot.connection->session().is_idle() && !slot.connection->is_sending();
  if (!is_idle || has_unread_bytes(fd)) {
    const bool is_sending = !is_silent && slot.connection->is_sending();
    queue_.put_back(fd, is_sending ? Direction::kWrite : Direction::kRead,
                    slot.deadline_ns.load(std::memory_order_relaxed));
    return;
  }
  shutdown(fd, SHUT_WR);
  if (is_silent) write_record(slot, fd, Outcome::kClosed, monotonic_ns());
  const std::unique_ptr<Connection> left(slot.connection);
  queue_.hand_over(fd);
  context_.refuser.linger(is_silent ? Descriptor(fd) : left->release());
}

// The first looks are at a connection that is not held: they may be at another one by now, which the take tells.
void ConnectionServer::refuse_if_overdue(int fd) {
  const uint64_t deadline_ns = context_.judge.policy().deadline_ns.load(std::memory_order_relaxed);
  Slot& slot = queue_.table().at(fd);
  if (slot.direction.load(std::memory_order_relaxed) != Direction::kRead) return;
  // Whoever has not been here for so long waits for no longer: that costs no system call.
  const uint64_t here_since_ns = slot.accepted_ns.load(std::memory_order_relaxed);
  if (monotonic_ns() < here_since_ns + deadline_ns) return;
  if (!has_unread_bytes(fd) || since_last_bytes_ns(fd) <= deadline_ns || !slot.try_take()) return;
  const uint64_t now_ns = monotonic_ns();
  const auto wait_ns = begins_request(slot) ? request_wait_ns(slot, fd, now_ns, 0) : std::nullopt;
  if (wait_ns && *wait_ns > deadline_ns) return refuse(fd, slot, now_ns);
  const bool is_sending = slot.connection != nullptr && slot.connection->is_sending();
  queue_.put_back(fd, is_sending ? Direction::kWrite : Direction::kRead,
                  slot.deadline_ns.load(std::memory_order_relaxed));
}

}  // namespace ms::net
