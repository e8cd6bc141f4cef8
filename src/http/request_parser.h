// RequestParser: HTTP/1.1 request bytes in, a Request out.
//
// HeaderScanner finds the end of the header, parse_raw_header reads it, and what frames the body is read here (RFC 9112
// sections 6 and 7).
//
// Feed it what arrives; it takes bytes up to the end of one request and leaves the rest to the next (pipelining).
// Nothing is allocated by a declared length before it has been checked against the limits. Confined to one thread at a
// time.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "http/header_scanner.h"
#include "http/message.h"
#include "http/raw_header.h"

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

  // Takes bytes from the front and returns how many. Stops after the header (the state becomes kBody or kComplete), at
  // the end of the request, at the first fault, and otherwise takes them all. Call again with the rest while the state
  // is kBody.
  size_t feed(std::span<const char> bytes);

  State state() const { return state_; }
  // Whether no byte of the next request has come yet (empty lines before a request line count as none, RFC 9112
  // section 2.2).
  bool is_untouched() const { return phase_ == Phase::kEmptyLines && state_ == State::kHeader; }
  // Body bytes taken so far, and how many the request declares (none for chunked).
  size_t body_bytes() const { return request_.body.size(); }
  std::optional<size_t> declared_body_bytes() const { return declared_body_bytes_; }

  Request& request() { return request_; }
  const ParseFailure& failure() const { return failure_; }
  // Ready for the next request; keeps its buffers where they are small.
  void reset();

 private:
  // Where in the request the next byte stands.
  enum class Phase { kEmptyLines, kHeader, kBody, kChunkLine, kChunk, kChunkEnd, kTrailer };

  size_t take(std::string_view bytes);
  size_t take_empty_lines(std::string_view bytes);
  size_t take_header(std::string_view bytes);
  size_t take_body(std::string_view bytes);
  size_t take_chunk_line(std::string_view bytes);
  size_t take_chunk(std::string_view bytes);
  size_t take_chunk_end(std::string_view bytes);
  size_t take_trailer(std::string_view bytes);

  void finish_header(std::string_view header);
  void finish_chunk_line();
  void finish_trailer();
  void begin_body(const Framing& framing);
  void reserve_body(size_t more);
  void fail(ParseFailure failure);

  Limits limits_;
  State state_ = State::kHeader;
  Phase phase_ = Phase::kEmptyLines;
  ParseFailure failure_;
  Request request_;
  std::optional<HeaderScanner> scanner_;  // in the header and the trailer

  // What is read in one piece and has not come whole: a header, a chunk's line or the CRLF behind a chunk, the trailer.
  std::string pending_;
  size_t empty_lines_ = 0;
  bool in_line_end_ = false;  // among the empty lines, behind a carriage return

  std::optional<size_t> declared_body_bytes_;
  size_t remaining_bytes_ = 0;       // of the body, or of the current chunk
  size_t extension_bytes_left_ = 0;  // that the chunks of this request may still have
};

}  // namespace ms::http
