#include "promql/lexer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace ms::promql {
namespace {

using testing::ElementsAre;

using enum TokenKind;

std::vector<TokenKind> kinds(std::string_view query) {
  std::vector<TokenKind> kinds;
  Lexer lexer(query);
  do {
    kinds.push_back(lexer.next().kind);
  } while (kinds.back() != kEnd && kinds.back() != kError);
  return kinds;
}

Token last_token(std::string_view query) {
  Lexer lexer(query);
  for (;;) {
    Token token = lexer.next();
    if (token.kind == kEnd || token.kind == kError) return token;
  }
}

TEST(Lexer, ASelectorWithARangeFallsIntoItsTokens) {
  EXPECT_THAT(kinds("cpu{host=~\"a\", zone!='b'}[5m]"),
              ElementsAre(kIdentifier, kLeftBrace, kIdentifier, kRegex, kString, kComma, kIdentifier, kNotEqual,
                          kString, kRightBrace, kLeftBracket, kDuration, kRightBracket, kEnd));
}

TEST(Lexer, OperatorsMeanMatchersInsideBracesOnly) {
  EXPECT_THAT(kinds("{a!~\"b\"}"), ElementsAre(kLeftBrace, kIdentifier, kNotRegex, kString, kRightBrace, kEnd));
  EXPECT_THAT(kinds("a != b >= c"), ElementsAre(kIdentifier, kOperator, kIdentifier, kOperator, kIdentifier, kEnd));
  EXPECT_THAT(kinds("+-*/%^@,"),
              ElementsAre(kPlus, kMinus, kOperator, kOperator, kOperator, kOperator, kAt, kComma, kEnd));
}

TEST(Lexer, NumbersAndDurationsAreToldApart) {
  EXPECT_THAT(kinds("1 .5 0x1F inf NaN 5m 1h30m 1ms"),
              ElementsAre(kNumber, kNumber, kNumber, kNumber, kNumber, kDuration, kDuration, kDuration, kEnd));
}

TEST(Lexer, WordsForNumbersAreNamesInsideBraces) {
  EXPECT_THAT(kinds("{inf=\"\"}"), ElementsAre(kLeftBrace, kIdentifier, kEqual, kString, kRightBrace, kEnd));
}

TEST(Lexer, CommentsAndSpaceAreSkipped) {
  EXPECT_THAT(kinds("# one\n cpu\t{# two\r\n} # three"), ElementsAre(kIdentifier, kLeftBrace, kRightBrace, kEnd));
  EXPECT_THAT(kinds("cpu[ \n 5m # range\n ]"), ElementsAre(kIdentifier, kLeftBracket, kDuration, kRightBracket, kEnd));
}

TEST(Lexer, SubqueriesHaveOneColon) {
  EXPECT_THAT(kinds("a[5m:1m]"),
              ElementsAre(kIdentifier, kLeftBracket, kDuration, kColon, kDuration, kRightBracket, kEnd));
  EXPECT_EQ(last_token("a[5m::]").value, "unexpected colon ':'");
}

TEST(Lexer, StringsResolveTheEscapesOfGo) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"("")", ""},
      {R"("plain 'é'")", "plain 'é'"},
      {R"('it\'s "so"')", "it's \"so\""},
      {R"("\a\b\f\n\r\t\v\\\"")", "\a\b\f\n\r\t\v\\\""},
      {R"("\x41\101\u00e9\U0001F600")", "AAé😀"},
      {R"("\xff\377")", "\xff\xff"},
      {R"("\u20AC")", "€"},
      {"`raw\\n\"\n`", "raw\\n\"\n"},
      {std::string(R"("\000")"), std::string(1, '\0')},
  };
  for (const auto& [text, value] : cases) {
    Lexer lexer(text);
    const Token token = lexer.next();
    ASSERT_EQ(token.kind, kString) << text << ": " << token.value;
    EXPECT_EQ(token.value, value) << text;
    EXPECT_EQ(lexer.next().kind, kEnd);
  }
}

TEST(Lexer, FaultsAreToldWithTheirPlace) {
  struct Case {
    std::string query;
    size_t position;
    std::string message;
  };
  const std::vector<Case> cases = {
      {"{", 1, "unexpected end of input inside braces"},
      {"(a", 2, "unclosed left parenthesis"},
      {"a[5m", 4, "unclosed left bracket"},
      {"a)", 1, "unexpected right parenthesis ')'"},
      {"a]", 1, "unexpected right bracket ']'"},
      {"a[5m[", 4, "unexpected left bracket '['"},
      {"}", 0, "unexpected character: '}'"},
      {"{{", 1, "unexpected left brace '{'"},
      {"{é", 1, "unexpected character inside braces: 'é'"},
      {"a$", 1, "unexpected character: '$'"},
      {"a!", 1, "unexpected character after '!': end of input"},
      {"a=~b", 1, "unexpected character after '=': '~'"},
      {"{a!b}", 2, "unexpected character after '!' inside braces: 'b'"},
      {"a['", 2, "missing unit character in duration"},
      {"a[]", 2, "missing unit character in duration"},
      {"a[5]", 2, "missing unit character in duration"},
      {"a[5x]", 2, "bad duration syntax: \"5\""},
      {"0b1", 0, "bad number or duration syntax: \"0\""},
      {"\"a", 0, "unterminated quoted string"},
      {"'a\nb'", 0, "unterminated quoted string"},
      {"`a", 0, "unterminated raw string"},
      {"\"\\", 0, "escape sequence not terminated"},
      {"\"\\x4", 0, "escape sequence not terminated"},
      {"\"\\q\"", 0, "unknown escape sequence 'q'"},
      {"\"\\'\"", 0, "unknown escape sequence '\\''"},
      {"\"\\x4\"", 0, "illegal character '\"' in escape sequence"},
      {"\"\\400\"", 0, "escape sequence is an invalid Unicode code point"},
      {"\"\\ud800\"", 0, "escape sequence is an invalid Unicode code point"},
      {"\"\\U00110000\"", 0, "escape sequence is an invalid Unicode code point"},
      {std::string(1, '\0'), 0, "unexpected character: '\\x00'"},
  };
  for (const Case& c : cases) {
    const Token token = last_token(c.query);
    EXPECT_EQ(token.kind, kError) << c.query;
    EXPECT_EQ(token.position, c.position) << c.query;
    EXPECT_EQ(token.value, c.message) << c.query;
  }
}

TEST(Lexer, AFaultEndsTheTokens) {
  Lexer lexer("$ cpu");
  EXPECT_EQ(lexer.next().kind, kError);
  EXPECT_EQ(lexer.next().kind, kError);
}

}  // namespace
}  // namespace ms::promql
