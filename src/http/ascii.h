// Classes of characters in HTTP's grammar (RFC 5234 appendix B.1, RFC 9110 section 5.6.2), free of the locale.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "base/ascii.h"

namespace ms::http {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// The value of a hexadecimal digit, -1 for anything else.
constexpr int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

inline constexpr std::array<bool, 256> kTokenChars = [] {
  std::array<bool, 256> chars{};
  for (int c = 0; c < 128; ++c) chars[c] = is_digit(static_cast<char>(c)) || is_alpha(static_cast<char>(c));
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) chars[static_cast<uint8_t>(c)] = true;
  return chars;
}();

constexpr bool is_token_char(char c) { return kTokenChars[static_cast<uint8_t>(c)]; }

constexpr bool is_token(std::string_view text) { return !text.empty() && std::ranges::all_of(text, is_token_char); }

constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

// Anything below space but the tab, and DEL.
constexpr bool is_control(char c) { return (static_cast<uint8_t>(c) < 0x20 && c != '\t') || c == 0x7f; }

// Without an early end, so that it runs over many bytes at a time.
constexpr bool has_control(std::string_view text) {
  bool has = false;
  for (const char c : text) has |= is_control(c);
  return has;
}

constexpr std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// Whether a comma-separated list (RFC 9110 section 5.6.1) has that token, case ignored.
constexpr bool list_contains(std::string_view list, std::string_view token) {
  while (true) {
    const size_t comma = list.find(',');
    if (equals_ignoring_case(trim_blanks(list.substr(0, comma)), token)) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

// The media type of a Content-Type, without its parameters (RFC 9110 section 8.3.1).
constexpr std::string_view media_type(std::string_view content_type) {
  return trim_blanks(content_type.substr(0, content_type.find(';')));
}

}  // namespace ms::http
