// RequestParser: HTTP/1.1 request bytes in, a Request out.
//
// Boost.Beast's basic_parser does the parsing; before it sees the header, check_raw_header (raw_header.h) refuses what
// Beast 1.81 lets through and RFC 9112 does not: obs-folds, bare CR and LF, NUL, `Content-Length: 5, 5`, any
// Transfer-Encoding but chunked, Transfer-Encoding beside Content-Length, a missing or repeated Host, white space
// before a colon. Whatever is ambiguous is refused, since two servers that read one stream differently are how requests
// are smuggled (RFC 9112 section 11.2).
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
