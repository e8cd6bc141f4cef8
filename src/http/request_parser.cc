#include "http/request_parser.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "http/ascii.h"
#include "http/request_target.h"

namespace ms::http {
namespace {

// Empty lines accepted before a request line (RFC 9112 section 2.2 asks for one at least).
constexpr size_t kEmptyLinesMax = 4;
// Chunk extensions of one request, all of them together; they are read and dropped.
constexpr size_t kChunkExtensionBytesMax = 4 * 1024;
// A chunk's line without extensions: 16 digits and CRLF.
constexpr size_t kChunkLineBytesMax = 18;
constexpr size_t kKeptBufferBytesMax = 4 * 1024;

// RFC 9112 section 9.3.
bool wants_keep_alive(const Request& request) {
  bool asks_to_keep = request.version_minor >= 1;
  for (const Header& header : request.headers) {
    if (!equals_ignoring_case(header.name, "Connection")) continue;
    if (list_contains(header.value, "close")) return false;
    asks_to_keep = asks_to_keep || list_contains(header.value, "keep-alive");
  }
  return asks_to_keep;
}

// Keeps a buffer for the next request, unless it is so large that an idle connection should not hold it.
void clear(std::string& buffer) {
  buffer.clear();
  if (buffer.capacity() > kKeptBufferBytesMax) buffer.shrink_to_fit();
}

void clear(Request& request) {
  clear(request.method);
  clear(request.target);
  clear(request.path);
  clear(request.query);
  request.headers.clear();
  clear(request.body);
  request.version_minor = 1;
  request.keep_alive = true;
  request.has_body = false;
}

}  // namespace

RequestParser::RequestParser(const Limits& limits) : limits_(limits) { reset(); }

void RequestParser::reset() {
  clear(request_);
  state_ = State::kHeader;
  phase_ = Phase::kEmptyLines;
  scanner_.reset();
  clear(pending_);
  empty_lines_ = 0;
  in_line_end_ = false;
  declared_body_bytes_.reset();
  remaining_bytes_ = 0;
  extension_bytes_left_ = kChunkExtensionBytesMax;
}

size_t RequestParser::feed(std::span<const char> input) {
  const std::string_view bytes(input.data(), input.size());
  const State state_before = state_;
  size_t taken = 0;
  while (taken < bytes.size() && state_ == state_before && state_ != State::kComplete && state_ != State::kFailed) {
    taken += take(bytes.substr(taken));
  }
  return taken;
}

size_t RequestParser::take(std::string_view bytes) {
  switch (phase_) {
    case Phase::kEmptyLines:
      return take_empty_lines(bytes);
    case Phase::kHeader:
      return take_header(bytes);
    case Phase::kBody:
      return take_body(bytes);
    case Phase::kChunkLine:
      return take_chunk_line(bytes);
    case Phase::kChunk:
      return take_chunk(bytes);
    case Phase::kChunkEnd:
      return take_chunk_end(bytes);
    case Phase::kTrailer:
      return take_trailer(bytes);
  }
  std::unreachable();
}

size_t RequestParser::take_empty_lines(std::string_view bytes) {
  size_t taken = 0;
  for (const char c : bytes) {
    if (!in_line_end_ && is_token_char(c)) {
      phase_ = Phase::kHeader;
      scanner_.emplace(limits_, HeaderScanner::Block::kHeader);
      return taken;
    }
    ++taken;
    if (c != (in_line_end_ ? '\n' : '\r')) {
      fail({400, "malformed request line: bad method"});
      return taken;
    }
    if (in_line_end_ && ++empty_lines_ > kEmptyLinesMax) {
      fail({400, "too many empty lines before the request line"});
      return taken;
    }
    in_line_end_ = !in_line_end_;
  }
  return taken;
}

size_t RequestParser::take_header(std::string_view bytes) {
  const size_t taken = scanner_->scan(bytes);
  if (scanner_->failure()) {
    fail(*scanner_->failure());
  } else if (scanner_->is_complete() && pending_.empty()) {
    finish_header(bytes.substr(0, taken));
  } else {
    pending_.append(bytes.substr(0, taken));
    if (scanner_->is_complete()) finish_header(pending_);
  }
  return taken;
}

void RequestParser::finish_header(std::string_view header) {
  request_.headers.reserve(scanner_->headers());
  const auto framing = parse_raw_header(header, request_);
  if (!framing) return fail(framing.error());
  std::optional<RequestTarget> target = parse_target(request_.method, request_.target);
  if (!target) return fail({400, "malformed request line: bad target"});
  request_.path = std::move(target->path);
  request_.query = std::move(target->query);
  request_.keep_alive = wants_keep_alive(request_);
  begin_body(*framing);
}

void RequestParser::begin_body(const Framing& framing) {
  request_.has_body = framing.is_chunked || framing.content_length.value_or(0) > 0;
  if (const auto length = framing.content_length) {
    if (*length > limits_.body_bytes_max) {
      return fail({413, "the body is larger than " + std::to_string(limits_.body_bytes_max) + " bytes"});
    }
    declared_body_bytes_ = length;
    remaining_bytes_ = *length;
  }
  if (!request_.has_body) {
    state_ = State::kComplete;
    return;
  }
  state_ = State::kBody;
  phase_ = framing.is_chunked ? Phase::kChunkLine : Phase::kBody;
  pending_.clear();
}

size_t RequestParser::take_body(std::string_view bytes) {
  const std::string_view piece = bytes.substr(0, remaining_bytes_);
  reserve_body(piece.size());
  request_.body.append(piece);
  remaining_bytes_ -= piece.size();
  if (remaining_bytes_ == 0) state_ = State::kComplete;
  return piece.size();
}

// Grows by doubling, like a string, but never beyond what was declared and its padding: a client that declares much and
// sends little costs little.
void RequestParser::reserve_body(size_t more) {
  const size_t needed = request_.body.size() + more + kBodyPaddingBytes;
  if (needed <= request_.body.capacity()) return;
  request_.body.reserve(
      std::max(needed, std::min(2 * request_.body.capacity(), *declared_body_bytes_ + kBodyPaddingBytes)));
}

size_t RequestParser::take_chunk_line(std::string_view bytes) {
  const size_t line_feed = bytes.find('\n');
  const bool line_ends = line_feed != std::string_view::npos;
  const size_t taken = line_ends ? line_feed + 1 : bytes.size();
  if (pending_.size() + taken > kChunkLineBytesMax + extension_bytes_left_) {
    fail({400, "a chunk's line is too long"});
    return taken;
  }
  pending_.append(bytes.substr(0, taken));
  if (line_ends) finish_chunk_line();
  return taken;
}

void RequestParser::finish_chunk_line() {
  std::string_view line = pending_;
  if (!line.ends_with("\r\n")) return fail({400, "a chunk's line ends without a carriage return"});
  line.remove_suffix(2);
  const auto size = parse_chunk_size(line);
  if (!size) return fail(size.error());
  const size_t extension_bytes = line.size() - chunk_size_digits(line);
  if (extension_bytes > extension_bytes_left_) return fail({400, "a chunk's line is too long"});
  extension_bytes_left_ -= extension_bytes;
  if (*size > limits_.body_bytes_max - request_.body.size()) {
    return fail({413, "the body is larger than " + std::to_string(limits_.body_bytes_max) + " bytes"});
  }
  if (*size == 0) {
    phase_ = Phase::kTrailer;
    pending_.clear();
    scanner_.emplace(limits_, HeaderScanner::Block::kTrailer);
    return;
  }
  pending_.clear();
  remaining_bytes_ = *size;
  phase_ = Phase::kChunk;
}

size_t RequestParser::take_chunk(std::string_view bytes) {
  const std::string_view piece = bytes.substr(0, remaining_bytes_);
  request_.body.append(piece);
  remaining_bytes_ -= piece.size();
  if (remaining_bytes_ == 0) phase_ = Phase::kChunkEnd;
  return piece.size();
}

size_t RequestParser::take_chunk_end(std::string_view bytes) {
  constexpr std::string_view kLineEnd = "\r\n";
  if (bytes.front() != kLineEnd[pending_.size()]) {
    fail({400, "a chunk is longer than its size"});
    return 1;
  }
  pending_ += bytes.front();
  if (pending_.size() == kLineEnd.size()) {
    phase_ = Phase::kChunkLine;
    pending_.clear();
  }
  return 1;
}

size_t RequestParser::take_trailer(std::string_view bytes) {
  const size_t taken = scanner_->scan(bytes);
  if (scanner_->failure()) {
    fail(*scanner_->failure());
    return taken;
  }
  pending_.append(bytes.substr(0, taken));
  if (scanner_->is_complete()) finish_trailer();
  return taken;
}

void RequestParser::finish_trailer() {
  if (auto failure = check_raw_trailer(pending_)) return fail(*std::move(failure));
  state_ = State::kComplete;
}

void RequestParser::fail(ParseFailure failure) {
  state_ = State::kFailed;
  failure_ = std::move(failure);
}

}  // namespace ms::http
