#include "http/raw_header.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include "http/ascii.h"
#include "http/request_target.h"

namespace ms::http {
namespace {

ParseFailure bad_request(std::string_view message) { return {400, std::string(message)}; }

// The next line without its end; empty at the end of the text, too. HeaderScanner has seen that every line ends in
// CRLF.
std::string_view take_line(std::string_view& text) {
  const size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::optional<ParseFailure> check_version(std::string_view version) {
  const bool well_formed = version.size() == 8 && version.starts_with("HTTP/") && is_digit(version[5]) &&
                           version[6] == '.' && is_digit(version[7]);
  if (!well_formed) return bad_request("malformed request line: no HTTP version at its end");
  if (version == "HTTP/1.1" || version == "HTTP/1.0") return std::nullopt;
  return ParseFailure{505, "HTTP versions other than 1.0 and 1.1 are not supported"};
}

std::optional<ParseFailure> parse_request_line(std::string_view line, Request& request) {
  const size_t method_end = line.find(' ');
  const size_t target_end = line.rfind(' ');
  if (method_end == std::string_view::npos || target_end == method_end) {
    return bad_request("malformed request line: not a method, a target and a version");
  }
  const std::string_view method = line.substr(0, method_end);
  const std::string_view target = line.substr(method_end + 1, target_end - method_end - 1);
  if (!is_token(method)) return bad_request("malformed request line: bad method");
  if (auto failure = check_version(line.substr(target_end + 1))) return failure;
  // A URI is made of visible ASCII (RFC 3986 section 2); of that, what clients send without encoding it is accepted.
  if (!std::ranges::all_of(target, [](char c) { return c > ' ' && c < 0x7f; })) {
    return bad_request("malformed request line: bad character in the target");
  }
  request.method = method;
  request.target = target;
  request.version_minor = line.back() - '0';
  return std::nullopt;
}

struct RawField {
  std::string_view name;
  std::string_view value;
};

std::expected<RawField, ParseFailure> parse_field(std::string_view line) {
  if (is_blank(line.front())) return std::unexpected(bad_request("a header is folded over two lines"));
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return std::unexpected(bad_request("a header has no colon"));
  const std::string_view name = line.substr(0, colon);
  if (!is_token(name)) return std::unexpected(bad_request("a header's name is empty or has a bad character"));
  const std::string_view value = trim_blanks(line.substr(colon + 1));
  if (has_control(value)) return std::unexpected(bad_request("a header has a control character"));
  return RawField{name, value};
}

// Elements may be empty (RFC 9110 section 5.6.1).
bool is_token_list(std::string_view list) {
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    const std::string_view element = trim_blanks(list.substr(0, comma));
    if (!element.empty() && !is_token(element)) return false;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return true;
}

// Which fields came that say how to read the request, and what they said.
struct FramingFields {
  int hosts = 0;
  int content_lengths = 0;
  int transfer_encodings = 0;
  bool unknown_coding = false;
  uint64_t content_length = 0;
};

bool read_content_length(std::string_view value, uint64_t& length) {
  return !value.empty() && std::ranges::all_of(value, is_digit) &&
         std::from_chars(value.data(), value.data() + value.size(), length).ec == std::errc();
}

std::optional<ParseFailure> note_framing(const RawField& field, FramingFields& framing) {
  if (equals_ignoring_case(field.name, "Host")) {
    ++framing.hosts;
    if (!is_valid_host(field.value)) return bad_request("invalid Host");
  } else if (equals_ignoring_case(field.name, "Content-Length")) {
    ++framing.content_lengths;
    if (!read_content_length(field.value, framing.content_length)) return bad_request("invalid Content-Length");
  } else if (equals_ignoring_case(field.name, "Transfer-Encoding")) {
    ++framing.transfer_encodings;
    if (field.value.empty()) return bad_request("empty Transfer-Encoding");
    framing.unknown_coding = !equals_ignoring_case(field.value, "chunked");
  } else if (equals_ignoring_case(field.name, "Connection")) {
    if (!is_token_list(field.value)) return bad_request("invalid Connection");
  }
  return std::nullopt;
}

std::optional<ParseFailure> check_framing(const FramingFields& framing, bool is_http_1_0) {
  if (framing.hosts > 1) return bad_request("more than one Host");
  if (framing.hosts == 0 && !is_http_1_0) return bad_request("Host is missing");
  if (framing.content_lengths > 1) return bad_request("more than one Content-Length");
  if (framing.transfer_encodings > 1) return bad_request("more than one Transfer-Encoding");
  if (framing.transfer_encodings == 0) return std::nullopt;
  if (framing.content_lengths > 0) return bad_request("Content-Length beside Transfer-Encoding");
  if (is_http_1_0) return bad_request("Transfer-Encoding in HTTP/1.0");
  if (framing.unknown_coding) return ParseFailure{501, "transfer codings other than \"chunked\" are not supported"};
  return std::nullopt;
}

// Takes a token from the front; false where there is none.
bool take_token(std::string_view& text) {
  const size_t end = static_cast<size_t>(std::ranges::find_if_not(text, is_token_char) - text.begin());
  text.remove_prefix(end);
  return end > 0;
}

// Takes a quoted string from the front (RFC 9110 section 5.6.4); false where it has no end.
bool take_quoted_string(std::string_view& text) {
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

// *( BWS ";" BWS name [ BWS "=" BWS value ] ) (RFC 9112 section 7.1.1), free of control characters.
bool are_chunk_extensions(std::string_view text) {
  if (has_control(text)) return false;
  const auto skip_blanks = [&text] { text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size())); };
  const auto take = [&text, &skip_blanks](char c) {
    skip_blanks();
    if (!text.starts_with(c)) return false;
    text.remove_prefix(1);
    skip_blanks();
    return true;
  };
  while (!text.empty()) {
    if (!take(';') || !take_token(text)) return false;
    if (take('=') && !(text.starts_with('"') ? take_quoted_string(text) : take_token(text))) return false;
  }
  return true;
}

}  // namespace

std::expected<Framing, ParseFailure> parse_raw_header(std::string_view header, Request& request) {
  if (auto failure = parse_request_line(take_line(header), request)) return std::unexpected(*std::move(failure));
  FramingFields framing;
  for (std::string_view line = take_line(header); !line.empty(); line = take_line(header)) {
    const auto field = parse_field(line);
    if (!field) return std::unexpected(field.error());
    if (auto failure = note_framing(*field, framing)) return std::unexpected(*std::move(failure));
    request.headers.emplace_back(std::string(field->name), std::string(field->value));
  }
  if (auto failure = check_framing(framing, request.version_minor == 0)) return std::unexpected(*std::move(failure));
  Framing found{.is_chunked = framing.transfer_encodings > 0};
  if (framing.content_lengths > 0) found.content_length = framing.content_length;
  return found;
}

std::optional<ParseFailure> check_raw_trailer(std::string_view trailer) {
  for (std::string_view line = take_line(trailer); !line.empty(); line = take_line(trailer)) {
    const auto field = parse_field(line);
    if (!field) return field.error();
    for (const std::string_view framing : {"Host", "Content-Length", "Transfer-Encoding"}) {
      if (equals_ignoring_case(field->name, framing)) return bad_request("a trailer that frames the message");
    }
  }
  return std::nullopt;
}

size_t chunk_size_digits(std::string_view line) {
  return static_cast<size_t>(std::ranges::find_if(line, [](char c) { return hex_value(c) < 0; }) - line.begin());
}

std::expected<uint64_t, ParseFailure> parse_chunk_size(std::string_view line) {
  constexpr size_t kDigitsMax = 16;
  const size_t digits = chunk_size_digits(line);
  if (digits == 0) return std::unexpected(bad_request("a chunk has no size"));
  if (digits > kDigitsMax) return std::unexpected(bad_request("a chunk's size has more than 16 digits"));
  const std::string_view extensions = line.substr(digits);
  if (!are_chunk_extensions(extensions)) {
    return std::unexpected(bad_request("a chunk's size has a bad digit, or an extension that is none"));
  }
  uint64_t size = 0;
  for (const char c : line.substr(0, digits)) size = size << 4 | static_cast<uint64_t>(hex_value(c));
  return size;
}

}  // namespace ms::http
