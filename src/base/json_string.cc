#include "base/json_string.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace ms {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

// Whether an ASCII byte stands for itself.
constexpr std::array<bool, 128> kPlain = [] {
  std::array<bool, 128> plain{};
  for (size_t byte = 0x20; byte < plain.size(); ++byte) plain[byte] = true;
  for (const char special : {'"', '\\', '<', '>', '&'}) plain[static_cast<uint8_t>(special)] = false;
  return plain;
}();

bool is_continuation(uint8_t byte) { return (byte & 0xC0) == 0x80; }

// The length of the valid UTF-8 sequence of two to four bytes at the front of `text`, 0 if there is none (Unicode 15,
// table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF).
size_t multibyte_length(std::string_view text) {
  const auto byte = [text](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (!is_continuation(byte(i))) return 0;
  }
  const uint8_t second = byte(1);
  if (lead == 0xE0 && second < 0xA0) return 0;
  if (lead == 0xED && second > 0x9F) return 0;
  if (lead == 0xF0 && second < 0x90) return 0;
  if (lead == 0xF4 && second > 0x8F) return 0;
  return length;
}

void append_escaped_ascii(std::string& out, uint8_t byte) {
  switch (byte) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += kHexDigits[byte >> 4];
      out += kHexDigits[byte & 0x0F];
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  size_t plain_from = 0;  // the bytes from here to i stand for themselves and are copied in one piece
  size_t i = 0;
  const auto flush = [&] { out.append(text.substr(plain_from, i - plain_from)); };
  while (i < text.size()) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if (byte < kPlain.size()) {
      if (!kPlain[byte]) {
        flush();
        append_escaped_ascii(out, byte);
        plain_from = i + 1;
      }
      ++i;
      continue;
    }
    const std::string_view rest = text.substr(i);
    const size_t length = multibyte_length(rest);
    const bool is_line_separator = rest.starts_with("\u2028") || rest.starts_with("\u2029");
    if (length > 0 && !is_line_separator) {
      i += length;
      continue;
    }
    flush();
    out += length == 0 ? "\\ufffd" : rest.starts_with("\u2028") ? "\\u2028" : "\\u2029";
    i += length == 0 ? 1 : length;
    plain_from = i;
  }
  flush();
  out += '"';
}

}  // namespace ms
