// HeaderScanner: finds the end of a header block in bytes that come in pieces, and stops at the first that exceeds a
// limit.
//
// Every byte is looked at once, however the block is cut into pieces, and faults are found in the order of the bytes,
// so that the cuts change nothing about the outcome. It counts bytes and lines; what stands in them is raw_header.h's
// matter, except that a line feed without a carriage return ends the block as a fault: a client that ends its lines so
// never sends the end we wait for.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "http/message.h"

namespace ms::http {

class HeaderScanner {
 public:
  // A header begins with a request line; the trailer of a chunked body (RFC 9112 section 7.1.2) does not.
  enum class Block { kHeader, kTrailer };

  HeaderScanner(const Limits& limits, Block block) : limits_(limits), in_request_line_(block == Block::kHeader) {}

  // How many of the bytes belong to the block; all of them while it is neither complete nor failed.
  size_t scan(std::string_view bytes);

  // The empty line has come.
  bool is_complete() const { return complete_; }
  const std::optional<ParseFailure>& failure() const { return failure_; }
  // Header lines so far.
  size_t headers() const { return headers_; }

 private:
  void check_byte_limits();
  void end_line(bool after_carriage_return);

  Limits limits_;
  bool in_request_line_;
  bool complete_ = false;
  bool last_was_carriage_return_ = false;
  size_t line_bytes_ = 0;     // of the current line
  size_t headers_bytes_ = 0;  // of all lines behind the request line
  size_t headers_ = 0;
  std::optional<ParseFailure> failure_;
};

}  // namespace ms::http
