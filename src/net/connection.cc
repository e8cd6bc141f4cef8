#include "net/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/clock.h"
#include "net/last_bytes.h"

namespace ms::net {
namespace {

// How many full buffers one turn reads before the connection goes to the end of the line.
constexpr int kReadsPerTurn = 4;

}  // namespace

Connection::Connection(Descriptor fd, uint64_t number, const Endpoint& peer, const Stamps& stamps,
                       SessionFactory& sessions, Mailbox& mailbox, bool is_single_request)
    : fd_(std::move(fd)),
      stamps_(stamps),
      mailbox_(mailbox),
      session_(sessions.make({.waker = *this,
                              .stamps = stamps_,
                              .is_single_request = is_single_request,
                              .peer = peer,
                              .connection = number})) {}

Connection::Rest Connection::on_ready(std::span<char> buffer, uint64_t now_ns, ReplyObserver& observer) {
  if (sending_) {
    const Rest rest = follow(*sending_, observer);
    if (rest != Rest::kRead) return rest;
  }
  return read(buffer, now_ns, observer);
}

Connection::Rest Connection::on_mail(ReplyObserver& observer) {
  parking_.store(Parking::kNot, std::memory_order_relaxed);
  return follow(session_->on_wake(), observer);
}

Connection::Rest Connection::on_deadline(ReplyObserver& observer) {
  if (sending_) return Rest::kClosed;
  return follow(session_->on_deadline(), observer);
}

Connection::Rest Connection::read(std::span<char> buffer, uint64_t now_ns, ReplyObserver& observer) {
  for (int i = 0; i < kReadsPerTurn; ++i) {
    const ssize_t got = recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    was_buffer_full_ = got == static_cast<ssize_t>(buffer.size());
    if (got < 0 && errno == EAGAIN) return Rest::kRead;
    if (got < 0) return session_->is_idle() ? Rest::kClosed : Rest::kBroken;
    if (starts_request_) {
      starts_request_ = false;
      stamps_.taken_ns = now_ns;
      taken_by_ = observer.worker();
    }
    const Want want =
        got == 0 ? session_->on_end_of_input() : session_->on_bytes(buffer.first(static_cast<size_t>(got)));
    const Rest rest = follow(want, observer);
    if (rest != Rest::kRead || !was_buffer_full_) return rest;
  }
  return Rest::kRead;
}

Connection::Rest Connection::follow(Want want, ReplyObserver& observer) {
  while (true) {
    switch (want) {
      case Want::kRead:
        return Rest::kRead;
      case Want::kWrite:
      case Want::kWriteEnd:
      case Want::kInterim:
      case Want::kStream: {
        Rest rest{};
        if (want == Want::kStream) {
          // The kernel would take one piece more for a client that has gone.
          if (has_peer_ended(fd())) return Rest::kClosed;
          if (!is_streaming_) begin_stream();
        }
        sending_ = want;
        if (!send_output(rest)) return rest;
        sending_.reset();
        if (want == Want::kWrite || want == Want::kWriteEnd) note_reply(observer);
        // Closed over unread bytes it would be reset, and what was held back would be lost.
        if (want == Want::kWriteEnd) return has_unread_bytes(fd()) ? Rest::kLinger : Rest::kClosed;
        want = session_->on_sent();
        break;
      }
      case Want::kPark:
        if (!try_unpark()) return Rest::kParked;
        want = session_->on_wake();
        break;
      case Want::kClose:
        return Rest::kClosed;
      case Want::kLinger:
        return Rest::kLinger;
    }
  }
}

bool Connection::send_output(Rest& rest) {
  const std::string_view output = session_->output();
  // Held back until the end that follows at once, the last bytes go out with the FIN in one segment.
  const int flags = MSG_NOSIGNAL | MSG_DONTWAIT | (sending_ == Want::kWriteEnd ? MSG_MORE : 0);
  while (sent_ < output.size()) {
    const ssize_t sent = send(fd_.get(), output.data() + sent_, output.size() - sent_, flags);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) {
      // A client that has seen enough of a stream goes away: that is how it ends.
      rest = errno == EAGAIN ? Rest::kWrite : is_streaming_ ? Rest::kClosed : Rest::kBroken;
      return false;
    }
    sent_ += static_cast<size_t>(sent);
  }
  sent_ = 0;
  return true;
}

void Connection::note_reply(ReplyObserver& observer) {
  stamps_.replied_ns = monotonic_ns();
  ++replies_;
  observer.on_reply(*this);
  starts_request_ = true;
  stamps_.taken_ns = stamps_.replied_ns;  // of a pipelined request, whose bytes are here already
  taken_by_ = observer.worker();
  stamps_.complete_ns = stamps_.durable_ns = stamps_.replied_ns = 0;
}

// Beyond this the kernel says that there is no room. By itself it would hold megabytes for a client that takes nothing,
// and a client that is slow would read what was true a minute ago.
void Connection::begin_stream() {
  is_streaming_ = true;
  setsockopt(fd_.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kStreamUnsentBytesMax, sizeof kStreamUnsentBytesMax);
}

bool Connection::try_unpark() {
  // After this exchange, unless the wake came first, another worker may hold the connection: nothing of it is touched.
  if (parking_.exchange(Parking::kParked, std::memory_order_acq_rel) != Parking::kWoken) return false;
  parking_.store(Parking::kNot, std::memory_order_relaxed);
  return true;
}

void Connection::wake() {
  if (parking_.exchange(Parking::kWoken, std::memory_order_acq_rel) == Parking::kParked) mailbox_.post(this);
}

}  // namespace ms::net
