// RequestParser: HTTP/1.1 request bytes in, a Request out.
//
// HeaderScanner finds the end of the header, parse_raw_header reads it, and what frames the body is read here (RFC 9112
// sections 6 and 7).
//
// Feed it what arrives; it takes bytes up to the end of one request and leaves the rest to the next (pipelining).
// Nothing is allocated by a declared length before it has been checked against the limits. Confined to one thread at a
// time.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "http/message.h"

namespace ms::http {

class RequestParser {
 public:
  enum class State {
    kHeader,    // within the request line and headers
    kBody,      // the header is complete (request() has all but the body): decide whether to read on
    kComplete,  // request() is whole; reset() before the next
    kFailed,    // failure() says why; nothing more is taken
  };

  explicit RequestParser(const Limits& limits);
  ~RequestParser();
  RequestParser(RequestParser&&) noexcept;
  RequestParser& operator=(RequestParser&&) noexcept;

  // Takes bytes from the front and returns how many. Stops after the header (the state becomes kBody or kComplete), at
  // the end of the request, at the first fault, and otherwise takes them all. Call again with the rest while the state
  // is kBody.
  size_t feed(std::span<const char> bytes);

  State state() const;
  // Whether no byte of the next request has come yet (empty lines before a request line count as none, RFC 9112
  // section 2.2).
  bool is_untouched() const;
  // Body bytes taken so far, and how many the request declares (none for chunked).
  size_t body_bytes() const;
  std::optional<size_t> declared_body_bytes() const;

  Request& request();
  const ParseFailure& failure() const;
  // Ready for the next request; keeps its buffers where they are small.
  void reset();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ms::http
