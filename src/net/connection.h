// Connection: a socket and the session that speaks on it, as a worker holds them. It moves bytes between the two, and
// says where the connection goes when the worker can do no more for it now.
//
// Confined to the thread that holds its slot, but wake(), which any thread may call once for each parking.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>

#include "base/descriptor.h"
#include "net/mailbox.h"
#include "net/session.h"
#include "net/stamps.h"

namespace ms::net {

class Connection final : public SessionWaker {
 public:
  // What became of the connection when a worker had done what it could.
  enum class Rest {
    kRead,    // put it back until there are bytes
    kWrite,   // put it back until there is room to send
    kParked,  // its letter will come, or has; no longer the caller's
    kClosed,  // close it: all is said
    kLinger,  // it needs the refusing thread
    kBroken,  // close it: the client is gone, or failed
  };

  // The worker that has the connection now: told of each reply that is with the kernel, it keeps the figures.
  class ReplyObserver {
   public:
    virtual ~ReplyObserver() = default;
    virtual void on_reply(const Connection& connection) = 0;
    // The number of the worker that it is.
    virtual uint16_t worker() const = 0;
  };

  // What the kernel holds of a stream without having sent it.
  static constexpr int kStreamUnsentBytesMax = 64 * 1024;

  // `number`: 12 for C12.
  Connection(Descriptor fd, uint64_t number, const Endpoint& peer, const Stamps& stamps, SessionFactory& sessions,
             Mailbox& mailbox, bool is_single_request);

  int fd() const { return fd_.get(); }
  Session& session() { return *session_; }
  const Session& session() const { return *session_; }
  const Stamps& stamps() const { return stamps_; }
  // The worker that took the request which is in hand; another one may end it, where it was parked. 0: none yet.
  uint16_t taken_by() const { return taken_by_; }
  // Replies that are with the kernel.
  uint64_t replies() const { return replies_; }
  bool is_sending() const { return sending_.has_value(); }
  // Its reply goes on until the connection ends (Want::kStream).
  bool is_streaming() const { return is_streaming_; }
  // The client has ended its side: no event will tell of the end itself.
  void note_last_event() { is_end_near_ = true; }
  // Whether there may be bytes that were not read, or the end.
  bool may_have_unread() const { return is_end_near_ || was_buffer_full_; }
  Descriptor release() { return std::move(fd_); }

  // The socket has bytes, has room, or has ended. `buffer` is the worker's.
  Rest on_ready(std::span<char> buffer, uint64_t now_ns, ReplyObserver& observer);
  // Its letter came.
  Rest on_mail(ReplyObserver& observer);
  // Its deadline has passed in the lobby.
  Rest on_deadline(ReplyObserver& observer);

  void wake() override;

 private:
  enum class Parking { kNot, kParked, kWoken };

  Rest read(std::span<char> buffer, uint64_t now_ns, ReplyObserver& observer);
  // Does what the session wants until that takes waiting.
  Rest follow(Want want, ReplyObserver& observer);
  // Whether all of the output is with the kernel; else `rest` says what to do.
  bool send_output(Rest& rest);
  // Whether the session was woken in the meantime and goes on.
  bool try_unpark();
  void note_reply(ReplyObserver& observer);
  void begin_stream();

  Descriptor fd_;
  Stamps stamps_;
  uint16_t taken_by_ = 0;
  Mailbox& mailbox_;
  std::atomic<Parking> parking_ = Parking::kNot;
  size_t sent_ = 0;               // of the session's output
  std::optional<Want> sending_;   // what is wanted, while not all of the output is with the kernel
  bool was_buffer_full_ = false;  // at the last read
  bool is_end_near_ = false;
  bool is_streaming_ = false;
  bool starts_request_ = true;  // the next bytes are a request's first
  uint64_t replies_ = 0;
  std::unique_ptr<Session> session_;
};

}  // namespace ms::net
