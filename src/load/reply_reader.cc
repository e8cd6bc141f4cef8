#include "load/reply_reader.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/ascii.h"
#include "http/ascii.h"

namespace ms::load {
namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";
// 2^60 bytes: no sum of it and a buffer overflows.
constexpr uint8_t kChunkDigitsMax = 15;

// The code of "HTTP/1.1 200 OK"; 0: no status line (RFC 9112 section 4).
uint16_t parse_status_line(std::string_view line) {
  if (line.size() < 12 || !line.starts_with("HTTP/1.") || !http::is_digit(line[7]) || line[8] != ' ') return 0;
  if (line.size() > 12 && line[12] != ' ') return 0;
  uint16_t status = 0;
  for (const char digit : line.substr(9, 3)) {
    if (!http::is_digit(digit)) return 0;
    status = static_cast<uint16_t>(status * 10 + (digit - '0'));
  }
  return status >= 100 ? status : 0;
}

std::optional<uint64_t> parse_length(std::string_view text) {
  uint64_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (error != std::errc() || end != text.data() + text.size() || length >> 62 != 0) return std::nullopt;
  return length;
}

// The framing that a head's fields tell of.
struct Fields {
  std::optional<uint64_t> length;
  bool is_chunked = false;
  bool has_coding = false;
  bool says_close = false;
  bool says_keep_alive = false;
  bool is_broken = false;

  void note(std::string_view line) {
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
      is_broken = true;
      return;
    }
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = http::trim_blanks(line.substr(colon + 1));
    if (equals_ignoring_case(name, "Content-Length")) {
      note_length(value);
    } else if (equals_ignoring_case(name, "Transfer-Encoding")) {
      has_coding = true;
      const size_t comma = value.rfind(',');
      const std::string_view last = comma == std::string_view::npos ? value : value.substr(comma + 1);
      is_chunked = equals_ignoring_case(http::trim_blanks(last), "chunked");
    } else if (equals_ignoring_case(name, "Connection")) {
      says_close |= http::list_contains(value, "close");
      says_keep_alive |= http::list_contains(value, "keep-alive");
    }
  }

  void note_length(std::string_view value) {
    const auto parsed = parse_length(value);
    is_broken |= !parsed || (length && *length != *parsed);
    length = parsed;
  }
};

}  // namespace

size_t ReplyReader::read(std::string_view bytes) {
  size_t taken = 0;
  while (taken < bytes.size() && state() == State::kReading) {
    switch (phase_) {
      case Phase::kHead:
        taken += read_head(bytes.substr(taken));
        break;
      case Phase::kCounted:
        taken += pass_counted(bytes.size() - taken);
        break;
      case Phase::kUntilEnd:
        return bytes.size();
      case Phase::kChunkSize:
      case Phase::kChunkLine:
      case Phase::kChunkEnd:
      case Phase::kTrailer:
        read_chunk_byte(bytes[taken++]);
        break;
      case Phase::kWhole:
      case Phase::kBroken:
        break;
    }
  }
  return taken;
}

void ReplyReader::end_stream() {
  if (phase_ == Phase::kUntilEnd) phase_ = Phase::kWhole;
}

void ReplyReader::reset() { *this = ReplyReader(); }

size_t ReplyReader::read_head(std::string_view bytes) {
  if (head_.empty()) {
    const size_t end = bytes.substr(0, kHeadBytesMax).find(kHeadEnd);
    if (end != std::string_view::npos) {
      parse_head(bytes.substr(0, end + 2));
      return end + kHeadEnd.size();
    }
  }
  const size_t seen = head_.size();
  head_.append(bytes.substr(0, kHeadBytesMax - seen));
  const size_t end = head_.find(kHeadEnd, seen < kHeadEnd.size() ? 0 : seen - kHeadEnd.size() + 1);
  if (end == std::string::npos) {
    if (head_.size() == kHeadBytesMax) phase_ = Phase::kBroken;
    return head_.size() - seen;
  }
  const std::string head = std::exchange(head_, {}).substr(0, end + 2);
  parse_head(head);
  return end + kHeadEnd.size() - seen;
}

// `head`: whole lines, the empty one that ends it left out.
void ReplyReader::parse_head(std::string_view head) {
  size_t end = head.find("\r\n");
  const std::string_view status_line = head.substr(0, end);
  status_ = parse_status_line(status_line);
  Fields fields;
  while (end + 2 < head.size()) {
    const size_t begin = end + 2;
    end = head.find("\r\n", begin);
    fields.note(head.substr(begin, end - begin));
  }
  if (status_ == 0 || fields.is_broken) {
    phase_ = Phase::kBroken;
    return;
  }
  if (status_ < 200) {  // an interim reply (RFC 9110 section 15.2): the one that counts follows
    status_ = 0;
    return;
  }
  keeps_open_ = !fields.says_close && (status_line[7] != '0' || fields.says_keep_alive);
  begin_body(fields.has_coding ? std::nullopt : fields.length, fields.is_chunked);
}

// Transfer-Encoding overrides Content-Length; a coding that does not end in chunks lasts until the FIN.
void ReplyReader::begin_body(std::optional<uint64_t> length, bool is_chunked) {
  is_chunked_ = is_chunked;
  left_ = 0;
  digits_ = 0;
  if (status_ == 204 || status_ == 304) {
    phase_ = Phase::kWhole;
  } else if (is_chunked) {
    phase_ = Phase::kChunkSize;
  } else if (length) {
    left_ = *length;
    phase_ = left_ == 0 ? Phase::kWhole : Phase::kCounted;
  } else {
    keeps_open_ = false;
    phase_ = Phase::kUntilEnd;
  }
}

size_t ReplyReader::pass_counted(size_t bytes) {
  const auto passed = static_cast<size_t>(std::min<uint64_t>(left_, bytes));
  left_ -= passed;
  if (left_ == 0) phase_ = is_chunked_ ? Phase::kChunkEnd : Phase::kWhole;
  return passed;
}

void ReplyReader::read_chunk_byte(char byte) {
  if (phase_ == Phase::kChunkSize) {
    if (const int digit = http::hex_value(byte); digit >= 0) {
      left_ = left_ * 16 + static_cast<uint64_t>(digit);
      if (++digits_ > kChunkDigitsMax) phase_ = Phase::kBroken;
      return;
    }
    phase_ = digits_ == 0 ? Phase::kBroken : Phase::kChunkLine;
  }
  if (phase_ == Phase::kBroken) return;
  if (byte == '\n') return end_chunk_line();
  if (phase_ == Phase::kChunkEnd && byte != '\r') phase_ = Phase::kBroken;
  if (phase_ == Phase::kTrailer && byte != '\r') is_line_empty_ = false;
}

void ReplyReader::end_chunk_line() {
  if (phase_ == Phase::kChunkLine) {
    phase_ = left_ == 0 ? Phase::kTrailer : Phase::kCounted;
    is_line_empty_ = true;
  } else if (phase_ == Phase::kChunkEnd) {
    phase_ = Phase::kChunkSize;
    digits_ = 0;
  } else {
    if (is_line_empty_) phase_ = Phase::kWhole;
    is_line_empty_ = true;
  }
}

}  // namespace ms::load
