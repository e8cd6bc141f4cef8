#include "promql/parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace ms::promql {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// `__name__="cpu" host=~"a.*"`: what a selector asks for.
std::string describe(const VectorSelector& selector) {
  std::string text;
  for (const model::Matcher& matcher : selector.matchers) {
    if (!text.empty()) text += ' ';
    constexpr const char* kOperators[] = {"=", "!=", "=~", "!~"};
    text += matcher.name() + kOperators[static_cast<int>(matcher.op())] + matcher.value();
  }
  return text;
}

std::string describe(std::string_view query) {
  const auto expr = parse_query(query);
  if (!expr) return "refused: " + expr.error().message;
  if (const auto* vector = std::get_if<VectorSelector>(&expr->node)) return describe(*vector);
  if (const auto* matrix = std::get_if<MatrixSelector>(&expr->node)) {
    return describe(matrix->vector) + " over " + std::to_string(matrix->range_ms);
  }
  return "a number";
}

double number(std::string_view query) {
  const auto expr = parse_query(query);
  EXPECT_TRUE(expr.has_value()) << query;
  return expr ? std::get<NumberLiteral>(expr->node).value : 0;
}

TEST(Parser, NumbersHaveAllFormsAndSigns) {
  const std::vector<std::pair<std::string, double>> cases = {
      {"42", 42},          {"-1.5e3", -1500},  {"0x1F", 31},      {"010", 8},         {"- 5", -5},  {"--5", 5},
      {"+-5", -5},         {"-(5)", -5},       {"((5))", 5},      {".5", 0.5},        {"1 # x", 1}, {"1e-400", 0},
      {"-inf", -INFINITY}, {"+Inf", INFINITY}, {"INF", INFINITY}, {"(((((1)))))", 1},
  };
  for (const auto& [query, value] : cases) EXPECT_EQ(number(query), value) << query;
  EXPECT_TRUE(std::isnan(number("NaN")));
  EXPECT_TRUE(std::signbit(number("-0")));
}

TEST(Parser, SelectorsBecomeMatchers) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"cpu", "__name__=cpu"},
      {"(cpu)", "__name__=cpu"},
      {"a:b:c", "__name__=a:b:c"},
      {":", "__name__=:"},
      {"infinity", "__name__=infinity"},
      {"cpu{}", "__name__=cpu"},
      {"cpu{a=\"b\"}", "a=b __name__=cpu"},
      {"cpu{a=\"b\",}", "a=b __name__=cpu"},
      {"cpu{a=\"\"}", "a= __name__=cpu"},
      {"{a=~\"x.+\",b!~'y',c!=`z`,d=\"\"}", "a=~x.+ b!~y c!=z d="},
      {"{__name__=\"x\",__name__=\"y\"}", "__name__=x __name__=y"},
      {"a{on=\"1\",by=\"2\",inf=\"3\"}", "on=1 by=2 inf=3 __name__=a"},
      {"cpu[5m]", "__name__=cpu over 300000"},
      {"cpu {a=\"b\"} [ 1h30m ] # ok", "a=b __name__=cpu over 5400000"},
      {"(cpu[1ms])", "__name__=cpu over 1"},
      {"# c\ncpu{# d\na=\"b\"}", "a=b __name__=cpu"},
  };
  for (const auto& [query, described] : cases) EXPECT_EQ(describe(query), described) << query;
}

TEST(Parser, WordsOfTheLanguageAreMetricNamesWhereNothingElseFits) {
  for (const char* query : {"sum", "by", "offset", "and", "or", "unless", "without", "count_values", "start", "end"}) {
    EXPECT_EQ(describe(query), std::string("__name__=") + query);
  }
  EXPECT_EQ(describe("sum{a=\"b\"}"), "a=b __name__=sum");
}

TEST(Parser, WhatIsNoPromQlIsRefusedAsPrometheusRefusesIt) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "1:1: parse error: no expression found in input"},
      {" # c", "1:1: parse error: no expression found in input"},
      {"cpu{", "1:5: parse error: unexpected end of input inside braces"},
      {"cpu{a", "1:6: parse error: unexpected end of input inside braces"},
      {"cpu\n{a=\"b\"", "2:7: parse error: unexpected end of input inside braces"},
      {"cpu\n\n  }", "3:3: parse error: unexpected character: '}'"},
      {"cpu{,}", "1:5: parse error: unexpected \",\" in label matching, expected identifier or \"}\""},
      {"cpu{a=\"b\",,}", "1:11: parse error: unexpected \",\" in label matching, expected identifier or \"}\""},
      {"cpu{a=b}", "1:7: parse error: unexpected identifier \"b\" in label matching, expected string"},
      {"cpu{a==\"b\"}", "1:7: parse error: unexpected \"=\" in label matching, expected string"},
      {"cpu{a}", "1:6: parse error: unexpected \"}\" in label matching, expected label matching operator"},
      {"cpu{a=\"b\" c=\"d\"}",
       "1:11: parse error: unexpected identifier \"c\" in label matching, expected \",\" or \"}\""},
      {"cpu{\"a\"=\"b\"}",
       "1:5: parse error: unexpected string \"\\\"a\\\"\" in label matching, expected identifier or \"}\""},
      {"cpu{a=~\"(\"}", "1:5: parse error: error parsing regexp: missing ): ("},
      {"{}", "1:1: parse error: vector selector must contain at least one non-empty matcher"},
      {"{a=\"\"}", "1:1: parse error: vector selector must contain at least one non-empty matcher"},
      {"{a=~\".*\"}", "1:1: parse error: vector selector must contain at least one non-empty matcher"},
      {"{a!=\"x\"}", "1:1: parse error: vector selector must contain at least one non-empty matcher"},
      {"cpu{__name__=\"x\"}", "1:1: parse error: metric name must not be set twice: \"cpu\" or \"x\""},
      {"cpu[5m", "1:7: parse error: unclosed left bracket"},
      {"cpu[5]", "1:5: parse error: missing unit character in duration"},
      {"cpu[5m5m]", "1:5: parse error: not a valid duration string: \"5m5m\""},
      {"cpu[1.5h]", "1:5: parse error: not a valid duration string: \"1.5h\""},
      {"cpu[0s]", "1:5: parse error: duration must be greater than 0"},
      {"cpu[300y]", "1:5: parse error: duration out of range"},
      {"cpu[5m][5m]", "1:8: parse error: ranges only allowed for vector selectors"},
      {"(cpu)[5m]", "1:6: parse error: ranges only allowed for vector selectors"},
      {"1[5m]", "1:2: parse error: ranges only allowed for vector selectors"},
      {"-a[5m]",
       "1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got \"range "
       "vector\""},
      {"(5", "1:3: parse error: unclosed left parenthesis"},
      {"()", "1:2: parse error: unexpected \")\""},
      {"-", "1:2: parse error: unexpected end of input"},
      {"1 2", "1:3: parse error: unexpected number \"2\""},
      {"1.2.3", "1:4: parse error: unexpected number \".3\""},
      {"5m", "1:1: parse error: unexpected duration \"5m\""},
      {"cpu foo", "1:5: parse error: unexpected identifier \"foo\""},
      {"a abcdefghijklmnop", "1:3: parse error: unexpected identifier \"abcdefghijklmnop\""},
      {"foo bar:baz", "1:5: parse error: unexpected metric identifier \"bar:baz\""},
      {"a \"abcdefghijklmnop\"", "1:3: parse error: unexpected string \"\\\"abcdefghi\"..."},
      {"a 123456789012", "1:3: parse error: unexpected number \"1234567890\"..."},
      {"a \"ééééééééééééé\"", "1:3: parse error: unexpected string \"\\\"ééééééééé\"..."},
      {"bool", "1:1: parse error: unexpected <bool>"},
      {"atan2", "1:1: parse error: unexpected <op:atan2>"},
      {"* 2", "1:1: parse error: unexpected <op:*>"},
      {"a=b", "1:2: parse error: unexpected \"=\""},
      {"a{b=\"c\"}{d=\"e\"}", "1:9: parse error: unexpected \"{\""},
      {"nan{a=\"b\"}", "1:4: parse error: unexpected \"{\""},
      {"[5m]", "1:1: parse error: unexpected \"[\""},
      {"a,b", "1:2: parse error: unexpected \",\""},
      {"1e400", "1:1: parse error: error parsing number: \"1e400\" is malformed or out of range"},
      {"{a=\"\\q\"}", "1:4: parse error: unknown escape sequence 'q'"},
      {"\xff", "1:1: parse error: the query is not valid UTF-8"},
  };
  for (const auto& [query, message] : cases) {
    const auto expr = parse_query(query);
    ASSERT_FALSE(expr.has_value()) << query;
    EXPECT_EQ(expr.error().code, ErrorCode::kInvalid) << query;
    EXPECT_EQ(expr.error().message, message) << query;
  }
}

TEST(Parser, TheRestOfPromQlIsToldToBeUnsupported) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"rate(cpu[5m])", "function \"rate\" at position 1:1"},
      {"1 + 1", "operator \"+\" at position 1:3"},
      {"a-b", "operator \"-\" at position 1:2"},
      {"a == bool b", "operator \"==\" at position 1:3"},
      {"a and b", "operator \"and\" at position 1:3"},
      {"(a\nor b)", "operator \"or\" at position 2:1"},
      {"a offset 5m", "modifier \"offset\" at position 1:3"},
      {"a[5m] offset 5m", "modifier \"offset\" at position 1:7"},
      {"a @ 1", "modifier \"@\" at position 1:3"},
      {"a[5m:1m]", "subquery at position 1:2"},
      {"(a)[5m:]", "subquery at position 1:4"},
      {"sum(a)", "aggregation \"sum\" at position 1:1"},
      {"sum by (x) (a)", "aggregation \"sum\" at position 1:1"},
      {"-a", "sign \"-\" of a selector at position 1:1"},
      {"\"x\"", "string as an expression at position 1:1"},
  };
  for (const auto& [query, what] : cases) {
    const auto expr = parse_query(query);
    ASSERT_FALSE(expr.has_value()) << query;
    EXPECT_EQ(expr.error().code, ErrorCode::kUnsupported) << query;
    EXPECT_EQ(
        expr.error().message,
        "not supported yet: " + what + "; a query can be a number or a selector such as cpu{host=~\"a.*\"} or cpu[5m]");
  }
}

TEST(Parser, AFaultBehindAnUnsupportedPartIsToldInstead) {
  for (const char* query : {"rate(a[5m)", "sum(a", "1 + $", "rate(cpu{host=\"a)", "a offset 5x"}) {
    const auto expr = parse_query(query);
    ASSERT_FALSE(expr.has_value()) << query;
    EXPECT_EQ(expr.error().code, ErrorCode::kInvalid) << query;
  }
}

TEST(Parser, TheLimitsHoldAndAreTold) {
  const std::string longest = "1" + std::string(kQueryBytesMax - 1, ' ');
  EXPECT_EQ(number(longest), 1);
  EXPECT_THAT(describe(longest + " "), HasSubstr("65537 bytes, at most 65536"));

  const auto nested = [](size_t depth) { return std::string(depth, '(') + "1" + std::string(depth, ')'); };
  EXPECT_EQ(number(nested(kQueryDepthMax)), 1);
  EXPECT_THAT(describe(nested(kQueryDepthMax + 1)), HasSubstr("more than 100 nested"));
  EXPECT_THAT(describe(std::string(60'000, '-') + "1"), HasSubstr("more than 100 nested"));

  std::string matchers;
  for (size_t i = 0; i < kQueryMatchersMax; ++i) matchers += "a=\"b\",";
  EXPECT_THAT(describe("{" + matchers + "}"), StartsWith("a=b"));
  EXPECT_THAT(describe("{" + matchers + "a=\"b\"}"), HasSubstr("more than 100 label matchers"));
}

}  // namespace
}  // namespace ms::promql
