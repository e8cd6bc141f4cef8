#include "promql/lexer.h"

#include <algorithm>
#include <utility>

#include "model/labels.h"
#include "promql/words.h"

namespace ms::promql {
namespace {

constexpr std::string_view kSpaces = " \t\n\r";
constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kHexDigits = "0123456789abcdefABCDEF";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alpha(char c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_alphanumeric(char c) { return is_alpha(c) || is_digit(c); }

std::string in_double_quotes(std::string_view text) { return '"' + std::string(text) + '"'; }

}  // namespace

Token Lexer::next() {
  if (fault_.kind == TokenKind::kError) return fault_;
  Token token = lex_token();
  if (token.kind == TokenKind::kError) fault_ = token;
  return token;
}

Token Lexer::lex_token() {
  if (std::exchange(duration_is_due_, false)) {
    skip_spaces();
    begin_ = end_;
    return lex_duration();
  }
  skip_spaces_and_comments();
  begin_ = end_;
  if (at_end()) return lex_end();
  return in_braces_ ? lex_in_braces() : lex_statement();
}

Token Lexer::lex_end() {
  if (in_braces_) return error(end_, "unexpected end of input inside braces");
  if (open_parens_ > 0) return error(end_, "unclosed left parenthesis");
  if (in_brackets_) return error(end_, "unclosed left bracket");
  return emit(TokenKind::kEnd);
}

Token Lexer::lex_in_braces() {
  const char c = peek();
  switch (c) {
    case ',':
      return take(TokenKind::kComma, 1);
    case '=':
      return peek(1) == '~' ? take(TokenKind::kRegex, 2) : take(TokenKind::kEqual, 1);
    case '!':
      if (peek(1) == '=') return take(TokenKind::kNotEqual, 2);
      if (peek(1) == '~') return take(TokenKind::kNotRegex, 2);
      return error(begin_, "unexpected character after '!' inside braces: " + quote_character(query_.substr(end_ + 1)));
    case '"':
    case '\'':
      return lex_string();
    case '`':
      return lex_raw_string();
    case '}':
      in_braces_ = false;
      return take(TokenKind::kRightBrace, 1);
    case '{':
      return error(begin_, "unexpected left brace '{'");
    default:
      if (is_alpha(c)) return lex_identifier("");
      return error(begin_, "unexpected character inside braces: " + quote_character(query_.substr(end_)));
  }
}

Token Lexer::lex_statement() {
  const char c = peek();
  if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return lex_number_or_duration();
  if (in_brackets_ && c == ':') return lex_colon();
  if (c == '"' || c == '\'') return lex_string();
  if (c == '`') return lex_raw_string();
  if ((is_alpha(c) || c == ':') && !in_brackets_) return lex_identifier(":");
  return lex_punctuation();
}

Token Lexer::lex_punctuation() {
  switch (peek()) {
    case ',':
      return take(TokenKind::kComma, 1);
    case '@':
      return take(TokenKind::kAt, 1);
    case '+':
      return take(TokenKind::kPlus, 1);
    case '-':
      return take(TokenKind::kMinus, 1);
    case '*':
    case '/':
    case '%':
    case '^':
      return take(TokenKind::kOperator, 1);
    case '=':
    case '!':
    case '<':
    case '>':
      return lex_comparison();
    case '(':
      ++open_parens_;
      return take(TokenKind::kLeftParen, 1);
    case ')':
      return lex_close_paren();
    case '{':
      in_braces_ = true;
      return take(TokenKind::kLeftBrace, 1);
    case '[':
      return lex_left_bracket();
    case ']':
      return lex_right_bracket();
    default:
      return error(begin_, "unexpected character: " + quote_character(query_.substr(end_)));
  }
}

Token Lexer::lex_comparison() {
  const char c = peek();
  if (peek(1) == '=') return take(TokenKind::kOperator, 2);
  if (c == '<' || c == '>') return take(TokenKind::kOperator, 1);
  if (c == '=' && peek(1) != '~') return take(TokenKind::kEqual, 1);
  return error(begin_,
               std::string("unexpected character after '") + c + "': " + quote_character(query_.substr(end_ + 1)));
}

Token Lexer::lex_close_paren() {
  if (open_parens_ == 0) return error(begin_, "unexpected right parenthesis ')'");
  --open_parens_;
  return take(TokenKind::kRightParen, 1);
}

Token Lexer::lex_left_bracket() {
  if (in_brackets_) return error(begin_, "unexpected left bracket '['");
  in_brackets_ = true;
  duration_is_due_ = true;
  colon_was_read_ = false;
  return take(TokenKind::kLeftBracket, 1);
}

Token Lexer::lex_right_bracket() {
  if (!in_brackets_) return error(begin_, "unexpected right bracket ']'");
  in_brackets_ = false;
  return take(TokenKind::kRightBracket, 1);
}

Token Lexer::lex_colon() {
  if (std::exchange(colon_was_read_, true)) return error(begin_, "unexpected colon ':'");
  return take(TokenKind::kColon, 1);
}

Token Lexer::lex_identifier(std::string_view extra_characters) {
  while (!at_end() && (is_alphanumeric(peek()) || extra_characters.contains(peek()))) ++end_;
  const bool is_number = !in_braces_ && find_word(text()) == Word::kNumber;
  return emit(is_number ? TokenKind::kNumber : TokenKind::kIdentifier);
}

Token Lexer::lex_number_or_duration() {
  if (scan_number()) return emit(TokenKind::kNumber);
  if (scan_duration_rest()) return emit(TokenKind::kDuration);
  return error(begin_, "bad number or duration syntax: " + in_double_quotes(text()));
}

Token Lexer::lex_duration() {
  if (scan_number()) return error(begin_, "missing unit character in duration");
  if (scan_duration_rest()) return emit(TokenKind::kDuration);
  return error(begin_, "bad duration syntax: " + in_double_quotes(text()));
}

// What may be a number, up to a character that cannot follow one; false: it goes on, perhaps as a duration.
bool Lexer::scan_number() {
  std::string_view digits = kDigits;
  if (accept("0") && accept("xX")) digits = kHexDigits;
  accept_run(digits);
  if (accept(".")) accept_run(digits);
  if (accept("eE")) {
    accept("+-");
    accept_run(kDigits);
  }
  return at_end() || !is_alphanumeric(peek());
}

// The units of a duration and the numbers between them; the first number is read. parse_duration checks their order.
bool Lexer::scan_duration_rest() {
  do {
    if (!accept("smhdwy")) return false;
    accept("s");
    const size_t before_digits = end_;
    accept_run(kDigits);
    if (end_ == before_digits) break;
  } while (true);
  return at_end() || !is_alphanumeric(peek());
}

void Lexer::skip_spaces() { accept_run(kSpaces); }

void Lexer::skip_spaces_and_comments() {
  skip_spaces();
  while (peek() == '#' && !at_end()) {
    end_ = std::min(query_.find('\n', end_), query_.size());
    skip_spaces();
  }
}

bool Lexer::accept(std::string_view characters) {
  if (at_end() || !characters.contains(peek())) return false;
  ++end_;
  return true;
}

void Lexer::accept_run(std::string_view characters) {
  end_ = std::min(query_.find_first_not_of(characters, end_), query_.size());
}

Token Lexer::take(TokenKind kind, size_t size) {
  end_ += size;
  return emit(kind);
}

Token Lexer::error(size_t position, std::string message) const {
  return {TokenKind::kError, position, query_.substr(position, 0), std::move(message)};
}

std::string quote_character(std::string_view text) {
  if (text.empty()) return "end of input";
  const auto first = static_cast<unsigned char>(text[0]);
  if (first == '\'') return "'\\''";
  if (first >= ' ' && first < 0x7f) return {'\'', text[0], '\''};
  if (first < 0x80) {
    return std::string("'\\x") + kHexDigits[first >> 4] + kHexDigits[first & 15] + '\'';
  }
  for (size_t size = 2; size <= 4 && size <= text.size(); ++size) {
    if (model::is_utf8(text.substr(0, size))) return '\'' + std::string(text.substr(0, size)) + '\'';
  }
  return "'\uFFFD'";
}

}  // namespace ms::promql
