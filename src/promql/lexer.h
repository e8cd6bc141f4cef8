// Lexer: PromQL text in, tokens out, one at a time.
//
// It knows the three places in which the same characters mean different things: inside braces words are label names and
// operators are matchers'; just after a left bracket there must be a duration; elsewhere all of the language is
// possible. White space and comments (from # to the end of the line) separate tokens and are skipped.
//
// The first fault is a kError token and ends the tokens: every later call returns it again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ms::promql {

enum class TokenKind {
  kEnd,
  kError,
  kIdentifier,  // a name or a reserved word; outside braces colons are part of it
  kNumber,      // without a sign; also the words inf and nan
  kDuration,
  kString,
  kLeftBrace,
  kRightBrace,
  kLeftBracket,
  kRightBracket,
  kLeftParen,
  kRightParen,
  kComma,
  kColon,  // inside brackets
  kAt,
  kPlus,
  kMinus,
  kOperator,  // the other operators between two expressions: * / % ^ == != < <= > >=
  kEqual,     // = inside braces; a lone = elsewhere
  kNotEqual,  // != inside braces
  kRegex,     // =~
  kNotRegex,  // !~
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  size_t position = 0;    // offset into the query text
  std::string_view text;  // as written
  std::string value;      // kString: its value, escapes resolved; kError: what is wrong
};

class Lexer {
 public:
  // `query` outlives the lexer and its tokens.
  explicit Lexer(std::string_view query) : query_(query) {}

  Token next();

 private:
  Token lex_token();
  Token lex_end();
  Token lex_in_braces();
  Token lex_statement();
  Token lex_punctuation();
  Token lex_comparison();
  Token lex_close_paren();
  Token lex_left_bracket();
  Token lex_right_bracket();
  Token lex_colon();
  Token lex_identifier(std::string_view extra_characters);
  Token lex_number_or_duration();
  Token lex_duration();
  Token lex_string();
  Token lex_raw_string();

  void skip_spaces();
  void skip_spaces_and_comments();
  bool accept(std::string_view characters);
  void accept_run(std::string_view characters);
  bool scan_number();
  bool scan_duration_rest();
  bool scan_escape(char quote, std::string& value, std::string& fault);
  bool scan_byte_escape(size_t digits, int base, std::string& value, std::string& fault);
  bool scan_code_point_escape(size_t digits, std::string& value, std::string& fault);
  std::optional<uint32_t> scan_digits(size_t count, int base, uint32_t max, std::string& fault);

  char peek(size_t ahead = 0) const { return end_ + ahead < query_.size() ? query_[end_ + ahead] : '\0'; }
  bool at_end() const { return end_ == query_.size(); }
  std::string_view text() const { return query_.substr(begin_, end_ - begin_); }
  // The token from begin_ to `size` bytes on.
  Token take(TokenKind kind, size_t size);
  Token emit(TokenKind kind) const { return {kind, begin_, text(), {}}; }
  Token error(size_t position, std::string message) const;

  std::string_view query_;
  size_t begin_ = 0;  // of the token being read
  size_t end_ = 0;    // the next byte to read
  bool in_braces_ = false;
  bool in_brackets_ = false;
  bool duration_is_due_ = false;  // a left bracket was read just now
  bool colon_was_read_ = false;   // in these brackets
  size_t open_parens_ = 0;
  Token fault_{};  // kError once there was one
};

// `'x'`, or as near to it as may be printed, of the character at the front of `text`: for messages.
std::string quote_character(std::string_view text);

}  // namespace ms::promql
