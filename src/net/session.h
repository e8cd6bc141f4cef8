// Session: what speaks a protocol on one connection. The front door moves bytes; a session says what they mean.
//
// A worker that holds the connection calls it, one call at a time, never two threads at once, but not always the same
// thread. A call answers what the session wants next:
//
//     kRead     more bytes: the connection goes back to the lobby until there are some
//     kWrite    output() is to be sent, and is a reply; when all of it is with the kernel, on_sent() is called
//     kWriteEnd the same, and then the end, without on_sent(): FIN goes along with the last bytes. What the client may
//               have sent beyond what was read does the reply no harm
//     kInterim  as kWrite for what is no reply but precedes one: it is not counted, and leaves the stamps as they are
//     kStream   likewise for what follows a reply that never is whole, until the connection ends. The kernel holds
//               little of it for a client that takes none, and at a stop one that cannot be sent is left out
//     kPark     nothing, until SessionWaker::wake(): then on_wake() is called. No thread waits meanwhile
//     kClose    the end: nothing unread is expected
//     kLinger   the end, with bytes of the client's still unread: a plain close would reset the connection and take the
//               reply with it, so the refusing thread sends FIN, reads for a while, and closes
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "net/endpoint.h"
#include "net/stamps.h"

namespace ms::net {

enum class Want { kRead, kWrite, kWriteEnd, kInterim, kStream, kPark, kClose, kLinger };

// Brings a parked connection back to a worker. Thread-safe; call at most once for each kPark. The call may come before
// the session has returned kPark: it is not lost.
class SessionWaker {
 public:
  virtual ~SessionWaker() = default;
  virtual void wake() = 0;
};

// What a session knows of the connection it serves; all of it outlives the session.
struct SessionContext {
  SessionWaker& waker;
  Stamps& stamps;  // the session stamps `complete` and `durable`
  // The connection ends after its first reply, which says so.
  bool is_single_request = false;
  Endpoint peer;
  uint64_t connection = 0;  // its number: 12 for C12
};

class Session {
 public:
  virtual ~Session() = default;

  virtual Want on_bytes(std::span<const char> bytes) = 0;
  virtual Want on_wake() = 0;
  virtual Want on_sent() = 0;
  // The client has sent FIN; what it waits for may still be sent.
  virtual Want on_end_of_input() = 0;
  // deadline_ns() has passed while the session wanted kRead. kWrite sends a last word.
  virtual Want on_deadline() = 0;

  // What is to be sent after kWrite, kWriteEnd, kInterim or kStream; stable until on_sent(), or the end.
  virtual std::string_view output() const = 0;
  // The protocol's own word for the reply that was sent last, for the record: an HTTP status. 0 before the first.
  virtual int reply_code() const = 0;
  // Until when it is content to wait for bytes; monotonic. Asked after each kRead.
  virtual uint64_t deadline_ns() const = 0;
  // Has answered a request and received nothing of the next: such a connection may be closed at a stop.
  virtual bool is_idle() const = 0;
};

class SessionFactory {
 public:
  virtual ~SessionFactory() = default;
  // Called by a worker that takes a connection for the first time.
  virtual std::unique_ptr<Session> make(const SessionContext& context) = 0;
  // The whole reply to a connection that is refused before it is served (503 in HTTP). Valid as long as the factory.
  virtual std::string_view refusal() const = 0;
};

}  // namespace ms::net
