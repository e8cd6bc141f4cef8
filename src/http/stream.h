// Stream: the body of a reply that goes on for as long as its client listens, as Server-Sent Events do.
//
// The session asks for one piece after the other, and sends each before it asks for the next. So it is the stream that
// decides what becomes of a slow client: it keeps what that one has missed, or leaves it out.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "net/session.h"

namespace ms::http {

class Stream {
 public:
  enum class Next : uint8_t {
    kPiece,  // `piece` is it
    kLater,  // there is none yet: `waker` will be woken, once, by any thread
    kEnd,
  };

  // By the session's thread, at any time but between kLater and the wake.
  virtual ~Stream() = default;
  virtual Next next(net::SessionWaker& waker, std::shared_ptr<const std::string>& piece) = 0;
};

}  // namespace ms::http
