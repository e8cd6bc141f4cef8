#include "model/matcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ms::model {
namespace {

using testing::HasSubstr;

struct Case {
  MatchOp op;
  std::string pattern;
  std::string value;
  bool matches;
};

TEST(Matcher, EachOperatorMatchesAsPrometheusDoes) {
  const std::vector<Case> cases = {
      {MatchOp::kEqual, "a", "a", true},
      {MatchOp::kEqual, "a", "ab", false},
      {MatchOp::kEqual, "a.*", "ab", false},
      {MatchOp::kEqual, "", "", true},
      {MatchOp::kNotEqual, "a", "b", true},
      {MatchOp::kNotEqual, "a", "a", false},
      {MatchOp::kNotEqual, "a", "", true},
      {MatchOp::kRegex, "a.*", "ab", true},
      {MatchOp::kRegex, "a|b", "b", true},
      {MatchOp::kRegex, ".*", "", true},
      {MatchOp::kRegex, ".+", "", false},
      {MatchOp::kRegex, "", "", true},
      {MatchOp::kRegex, "(?i:PRO).*", "production", true},
      {MatchOp::kRegex, "\\d{3}", "404", true},
      {MatchOp::kRegex, "é.", "éa", true},
      {MatchOp::kNotRegex, "a.*", "ab", false},
      {MatchOp::kNotRegex, "a.*", "b", true},
      {MatchOp::kNotRegex, ".+", "", true},
  };
  for (const Case& c : cases) {
    const auto matcher = Matcher::make("label", c.op, c.pattern);
    ASSERT_TRUE(matcher.has_value()) << c.pattern;
    EXPECT_EQ(matcher->matches(c.value), c.matches) << c.pattern << " on " << c.value;
  }
}

TEST(Matcher, RegularExpressionsAreAnchoredAtBothEnds) {
  for (const char* pattern : {"b", "a|b", "b|a", "^b$|a"}) {
    const auto matcher = Matcher::make("label", MatchOp::kRegex, pattern);
    ASSERT_TRUE(matcher.has_value());
    EXPECT_FALSE(matcher->matches("abc")) << pattern;
  }
}

TEST(Matcher, DotDoesNotMatchALineBreak) {
  EXPECT_FALSE(Matcher::make("label", MatchOp::kRegex, "a.b")->matches("a\nb"));
}

TEST(Matcher, ASeriesWithoutTheLabelHasTheEmptyValue) {
  EXPECT_TRUE(Matcher::make("label", MatchOp::kNotEqual, "a")->matches_empty());
  EXPECT_TRUE(Matcher::make("label", MatchOp::kRegex, "a?")->matches_empty());
  EXPECT_FALSE(Matcher::make("label", MatchOp::kEqual, "a")->matches_empty());
}

TEST(Matcher, ABadRegularExpressionIsRefusedWithItsReason) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"(", "missing )"},
      {"*", "no argument for repetition operator"},
      {"[a", "missing ]"},
      {"(?=x)", "invalid perl operator"},
      {"\\q", "invalid escape sequence"},
      {"\xff", "invalid UTF-8"},
      {"((a{100}){100})", "invalid repetition size"},
      {"\\pL{1000}", "pattern too large"},
  };
  for (const auto& [pattern, reason] : cases) {
    const auto matcher = Matcher::make("label", MatchOp::kRegex, pattern);
    ASSERT_FALSE(matcher.has_value()) << pattern;
    EXPECT_EQ(matcher.error().code, ErrorCode::kInvalid);
    EXPECT_THAT(matcher.error().message, testing::AllOf(HasSubstr("error parsing regexp: "), HasSubstr(reason)));
  }
}

TEST(Matcher, APatternIsOnlyCompiledForTheRegexOperators) {
  EXPECT_TRUE(Matcher::make("label", MatchOp::kEqual, "(")->matches("("));
}

}  // namespace
}  // namespace ms::model
