// The strings of PromQL: Go's, in double or single quotes with Go's escapes, or raw in backquotes.
#include <charconv>
#include <utility>

#include "promql/lexer.h"

namespace ms::promql {
namespace {

constexpr unsigned kCodePointMax = 0x10FFFF;

bool is_surrogate(unsigned code_point) { return code_point >= 0xD800 && code_point < 0xE000; }

void append_utf8(std::string& out, unsigned code_point) {
  const auto append = [&out](unsigned byte) { out += static_cast<char>(byte); };
  if (code_point < 0x80) {
    append(code_point);
  } else if (code_point < 0x800) {
    append(0xC0 | code_point >> 6);
    append(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    append(0xE0 | code_point >> 12);
    append(0x80 | (code_point >> 6 & 0x3F));
    append(0x80 | (code_point & 0x3F));
  } else {
    append(0xF0 | code_point >> 18);
    append(0x80 | (code_point >> 12 & 0x3F));
    append(0x80 | (code_point >> 6 & 0x3F));
    append(0x80 | (code_point & 0x3F));
  }
}

// The byte that a one-letter escape stands for; '\0' where there is none.
char find_simple_escape(char letter) {
  constexpr std::string_view kLetters = "abfnrtv\\";
  constexpr std::string_view kBytes = "\a\b\f\n\r\t\v\\";
  const size_t at = kLetters.find(letter);
  return at == std::string_view::npos ? '\0' : kBytes[at];
}

}  // namespace

Token Lexer::lex_string() {
  const char quote = peek();
  std::string value;
  for (++end_;;) {
    if (at_end() || peek() == '\n') return error(begin_, "unterminated quoted string");
    const char c = query_[end_++];
    if (c == quote) break;
    if (c != '\\') {
      value += c;
      continue;
    }
    std::string fault;
    if (!scan_escape(quote, value, fault)) return error(begin_, std::move(fault));
  }
  Token token = emit(TokenKind::kString);
  token.value = std::move(value);
  return token;
}

Token Lexer::lex_raw_string() {
  const size_t close = query_.find('`', end_ + 1);
  if (close == std::string_view::npos) return error(begin_, "unterminated raw string");
  end_ = close + 1;
  Token token = emit(TokenKind::kString);
  token.value = token.text.substr(1, token.text.size() - 2);
  return token;
}

// What follows a backslash. An escape of a byte (\377, \xff) stands for that byte, one of a code point for its UTF-8.
bool Lexer::scan_escape(char quote, std::string& value, std::string& fault) {
  if (at_end()) {
    fault = "escape sequence not terminated";
    return false;
  }
  const char c = peek();
  const char simple = c == quote ? quote : find_simple_escape(c);
  if (simple != '\0') {
    ++end_;
    value += simple;
    return true;
  }
  if (c >= '0' && c <= '7') return scan_byte_escape(3, 8, value, fault);
  ++end_;
  if (c == 'x') return scan_byte_escape(2, 16, value, fault);
  if (c == 'u') return scan_code_point_escape(4, value, fault);
  if (c == 'U') return scan_code_point_escape(8, value, fault);
  fault = "unknown escape sequence " + quote_character(query_.substr(end_ - 1));
  return false;
}

bool Lexer::scan_byte_escape(size_t digits, int base, std::string& value, std::string& fault) {
  const auto byte = scan_digits(digits, base, 255, fault);
  if (byte) value += static_cast<char>(*byte);
  return byte.has_value();
}

bool Lexer::scan_code_point_escape(size_t digits, std::string& value, std::string& fault) {
  const auto code_point = scan_digits(digits, 16, kCodePointMax, fault);
  if (code_point) append_utf8(value, *code_point);
  return code_point.has_value();
}

std::optional<uint32_t> Lexer::scan_digits(size_t count, int base, uint32_t max, std::string& fault) {
  const std::string_view digits = query_.substr(end_, count);
  uint32_t number = 0;
  const auto [stop, status] = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
  const auto taken = static_cast<size_t>(stop - digits.data());
  if (taken < digits.size()) {
    fault = "illegal character " + quote_character(query_.substr(end_ + taken)) + " in escape sequence";
    return std::nullopt;
  }
  if (digits.size() < count) {
    fault = "escape sequence not terminated";
    return std::nullopt;
  }
  if (number > max || is_surrogate(number)) {
    fault = "escape sequence is an invalid Unicode code point";
    return std::nullopt;
  }
  end_ += count;
  return number;
}

}  // namespace ms::promql
