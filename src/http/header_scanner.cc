#include "http/header_scanner.h"

#include <string>

namespace ms::http {
namespace {

size_t excess(size_t bytes, size_t bytes_max) { return bytes > bytes_max ? bytes - bytes_max : 0; }

}  // namespace

size_t HeaderScanner::scan(std::string_view bytes) {
  size_t taken = 0;
  while (taken < bytes.size() && !complete_ && !failure_) {
    const size_t line_feed = bytes.find('\n', taken);
    const bool line_ends = line_feed != std::string_view::npos;
    const std::string_view piece = bytes.substr(taken, line_ends ? line_feed + 1 - taken : std::string_view::npos);
    taken += piece.size();
    line_bytes_ += piece.size();
    if (!in_request_line_) headers_bytes_ += piece.size();
    check_byte_limits();
    if (line_ends && !failure_)
      end_line(piece.size() > 1 ? piece[piece.size() - 2] == '\r' : last_was_carriage_return_);
    last_was_carriage_return_ = piece.back() == '\r';
  }
  return taken;
}

void HeaderScanner::check_byte_limits() {
  if (in_request_line_) {
    if (line_bytes_ > limits_.request_line_bytes_max) {
      failure_ = {414, "the request line is longer than " + std::to_string(limits_.request_line_bytes_max) + " bytes"};
    }
    return;
  }
  const size_t line_excess = excess(line_bytes_, limits_.header_bytes_max);
  const size_t block_excess = excess(headers_bytes_, limits_.headers_bytes_max);
  if (line_excess == 0 && block_excess == 0) return;
  // Both counts grow together within a line: the one that is further beyond its limit got there first.
  if (line_excess >= block_excess) {
    failure_ = {431, "a header is longer than " + std::to_string(limits_.header_bytes_max) + " bytes"};
  } else {
    failure_ = {431, "the headers are longer than " + std::to_string(limits_.headers_bytes_max) + " bytes"};
  }
}

void HeaderScanner::end_line(bool after_carriage_return) {
  constexpr size_t kEmptyLineBytes = 2;
  if (!after_carriage_return) {
    failure_ = {400, "a line ends without a carriage return"};
    return;
  }
  if (line_bytes_ == kEmptyLineBytes) {
    complete_ = true;
    return;
  }
  line_bytes_ = 0;
  if (in_request_line_) {
    in_request_line_ = false;
    return;
  }
  if (++headers_ > limits_.headers_max) {
    failure_ = {431, "more than " + std::to_string(limits_.headers_max) + " headers"};
  }
}

}  // namespace ms::http
