#include "base/json_string.h"

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/utf8.h"

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
    const size_t length = utf8_character_bytes(rest);
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
