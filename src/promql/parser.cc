#include "promql/parser.h"

#include <algorithm>
#include <string>
#include <utility>

#include "model/labels.h"
#include "promql/duration.h"
#include "promql/lexer.h"
#include "promql/number.h"
#include "promql/words.h"

namespace ms::promql {
namespace {

constexpr size_t kShownCharactersMax = 10;

// "<line>:<column>" of an offset, both from 1.
std::string format_position(std::string_view query, size_t position) {
  const std::string_view before = query.substr(0, position);
  const auto lines = std::ranges::count(before, '\n');
  const size_t line_break = before.rfind('\n');
  const size_t column = line_break == std::string_view::npos ? position + 1 : position - line_break;
  return std::to_string(lines + 1) + ':' + std::to_string(column);
}

std::unexpected<Error> fail_at(std::string_view query, size_t position, const std::string& reason) {
  return fail(ErrorCode::kInvalid, format_position(query, position) + ": parse error: " + reason);
}

// The first characters of a token in double quotes, as Go's %.10q shows them.
std::string quote_clipped(std::string_view text) {
  std::string quoted = "\"";
  size_t characters = 0;
  for (const char c : text) {
    const bool begins_character = (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    if (begins_character && ++characters > kShownCharactersMax) return quoted + "\"...";
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::string describe_identifier(std::string_view text) {
  switch (find_word(text)) {
    case Word::kNone:
      return (text.contains(':') ? "metric identifier \"" : "identifier \"") + std::string(text) + '"';
    case Word::kAggregation:
      return "<aggr:" + std::string(text) + '>';
    case Word::kSetOperator:
    case Word::kOperator:
      return "<op:" + std::string(text) + '>';
    case Word::kNumber:
    case Word::kOffset:
    case Word::kGrouping:
    case Word::kReserved:
      return '<' + std::string(text) + '>';
  }
  std::unreachable();
}

std::string describe(const Token& token) {
  switch (token.kind) {
    case TokenKind::kEnd:
      return "end of input";
    case TokenKind::kIdentifier:
      return describe_identifier(token.text);
    case TokenKind::kNumber:
      return "number " + quote_clipped(token.text);
    case TokenKind::kDuration:
      return "duration " + quote_clipped(token.text);
    case TokenKind::kString:
      return "string " + quote_clipped(token.text);
    case TokenKind::kPlus:
    case TokenKind::kMinus:
    case TokenKind::kOperator:
      return "<op:" + std::string(token.text) + '>';
    default:
      return '"' + std::string(token.text) + '"';
  }
}

bool is_binary_operator(const Token& token) {
  if (token.kind == TokenKind::kIdentifier) {
    const Word word = find_word(token.text);
    return word == Word::kSetOperator || word == Word::kOperator;
  }
  return token.kind == TokenKind::kPlus || token.kind == TokenKind::kMinus || token.kind == TokenKind::kOperator;
}

class Parser {
 public:
  explicit Parser(std::string_view query) : query_(query), lexer_(query), token_(lexer_.next()) {}

  Result<Expr> parse();

 private:
  // An expression, and what the rules about it depend on besides its node.
  struct Operand {
    Expr expr;
    bool in_parens = false;
  };

  Result<Operand> parse_expr(size_t depth);
  Result<Operand> parse_signed(size_t depth);
  Result<Operand> parse_primary(size_t depth);
  Result<Operand> parse_parens(size_t depth);
  Result<Operand> parse_number_token();
  Result<Operand> parse_name();
  Result<Operand> parse_selector(std::string_view name, size_t position);
  Result<void> parse_matchers(std::vector<model::Matcher>& matchers);
  Result<model::Matcher> parse_matcher();
  Result<Operand> parse_suffix(Operand operand);
  Result<Operand> parse_range(Operand operand);

  // The fault to report where the token does not fit: the lexer's, or "unexpected <token> in <context>, expected
  // <expected>".
  std::unexpected<Error> unexpected(std::string_view context = "", std::string_view expected = "") const;
  // `what` is PromQL that we do not do; but if the lexer finds a fault after it, that is told instead.
  std::unexpected<Error> unsupported(const std::string& what, size_t position);
  std::unexpected<Error> invalid(size_t position, const std::string& reason) const {
    return fail_at(query_, position, reason);
  }

  Token take() { return std::exchange(token_, lexer_.next()); }
  bool is(TokenKind kind) const { return token_.kind == kind; }

  std::string_view query_;
  Lexer lexer_;
  Token token_;  // the next one to take
};

Result<Expr> Parser::parse() {
  if (is(TokenKind::kEnd)) return invalid(0, "no expression found in input");
  auto operand = parse_expr(0);
  if (!operand) return std::unexpected(std::move(operand.error()));
  if (!is(TokenKind::kEnd)) return unexpected();
  return std::move(operand->expr);
}

// One operand and, where an operator follows it, the refusal of that operator.
Result<Parser::Operand> Parser::parse_expr(size_t depth) {
  auto operand = parse_signed(depth);
  if (operand && is_binary_operator(token_)) {
    return unsupported("operator \"" + std::string(token_.text) + '"', token_.position);
  }
  return operand;
}

Result<Parser::Operand> Parser::parse_signed(size_t depth) {
  if (depth > kQueryDepthMax) {
    return invalid(token_.position, "more than " + std::to_string(kQueryDepthMax) + " nested expressions");
  }
  if (!is(TokenKind::kPlus) && !is(TokenKind::kMinus)) {
    auto primary = parse_primary(depth);
    if (!primary) return primary;
    return parse_suffix(std::move(*primary));
  }
  const Token sign = take();
  auto operand = parse_signed(depth + 1);
  if (!operand) return operand;
  if (std::holds_alternative<MatrixSelector>(operand->expr.node)) {
    return invalid(
        sign.position,
        "unary expression only allowed on expressions of type scalar or instant vector, got \"range vector\"");
  }
  auto* const number = std::get_if<NumberLiteral>(&operand->expr.node);
  if (number == nullptr) return unsupported("sign \"" + std::string(sign.text) + "\" of a selector", sign.position);
  if (sign.kind == TokenKind::kMinus) number->value = -number->value;
  return operand;
}

Result<Parser::Operand> Parser::parse_primary(size_t depth) {
  switch (token_.kind) {
    case TokenKind::kNumber:
      return parse_number_token();
    case TokenKind::kIdentifier:
      return parse_name();
    case TokenKind::kLeftBrace:
      return parse_selector("", token_.position);
    case TokenKind::kLeftParen:
      return parse_parens(depth);
    case TokenKind::kString:
      return unsupported("string as an expression", token_.position);
    default:
      return unexpected();
  }
}

// A range, and the refusal of what else may follow a primary.
Result<Parser::Operand> Parser::parse_suffix(Operand operand) {
  if (is(TokenKind::kLeftBracket)) {
    auto range = parse_range(std::move(operand));
    if (!range) return range;
    return parse_suffix(std::move(*range));  // once: a range of a range is refused
  }
  if (is(TokenKind::kAt)) return unsupported("modifier \"@\"", token_.position);
  if (is(TokenKind::kIdentifier) && find_word(token_.text) == Word::kOffset) {
    return unsupported("modifier \"offset\"", token_.position);
  }
  return operand;
}

Result<Parser::Operand> Parser::parse_parens(size_t depth) {
  take();
  auto operand = parse_expr(depth + 1);
  if (!operand) return operand;
  if (!is(TokenKind::kRightParen)) return unexpected();
  take();
  operand->in_parens = true;
  return operand;
}

Result<Parser::Operand> Parser::parse_number_token() {
  const Token token = take();
  const auto value = parse_number_literal(token.text);
  if (!value) {
    return invalid(token.position,
                   "error parsing number: \"" + std::string(token.text) + "\" is malformed or out of range");
  }
  return Operand{Expr{NumberLiteral{*value}}};
}

// A metric's name and its matchers, unless what follows the name makes it a function or an aggregation.
Result<Parser::Operand> Parser::parse_name() {
  const Word word = find_word(token_.text);
  if (word == Word::kReserved || word == Word::kOperator) return unexpected();
  const Token name = take();
  const bool is_grouped = is(TokenKind::kIdentifier) && find_word(token_.text) == Word::kGrouping;
  if (word == Word::kAggregation && (is(TokenKind::kLeftParen) || is_grouped)) {
    return unsupported("aggregation \"" + std::string(name.text) + '"', name.position);
  }
  if (is(TokenKind::kLeftParen)) {
    if (word != Word::kNone) return unexpected();
    return unsupported("function \"" + std::string(name.text) + '"', name.position);
  }
  return parse_selector(name.text, name.position);
}

Result<Parser::Operand> Parser::parse_selector(std::string_view name, size_t position) {
  VectorSelector selector;
  if (is(TokenKind::kLeftBrace)) {
    if (auto parsed = parse_matchers(selector.matchers); !parsed) return std::unexpected(std::move(parsed.error()));
  }
  if (!name.empty()) {
    const auto second = std::ranges::find(selector.matchers, model::kMetricName, &model::Matcher::name);
    if (second != selector.matchers.end()) {
      return invalid(position,
                     "metric name must not be set twice: \"" + std::string(name) + "\" or \"" + second->value() + '"');
    }
    auto matcher = model::Matcher::make(std::string(model::kMetricName), model::MatchOp::kEqual, std::string(name));
    selector.matchers.push_back(std::move(*matcher));
  } else if (std::ranges::all_of(selector.matchers, &model::Matcher::matches_empty)) {
    return invalid(position, "vector selector must contain at least one non-empty matcher");
  }
  return Operand{Expr{std::move(selector)}};
}

Result<void> Parser::parse_matchers(std::vector<model::Matcher>& matchers) {
  for (take(); !is(TokenKind::kRightBrace);) {
    if (!is(TokenKind::kIdentifier)) return unexpected("label matching", "identifier or \"}\"");
    if (matchers.size() == kQueryMatchersMax) {
      return invalid(token_.position,
                     "more than " + std::to_string(kQueryMatchersMax) + " label matchers in a selector");
    }
    auto matcher = parse_matcher();
    if (!matcher) return std::unexpected(std::move(matcher.error()));
    matchers.push_back(std::move(*matcher));
    if (is(TokenKind::kComma)) {
      take();
    } else if (!is(TokenKind::kRightBrace)) {
      return unexpected("label matching", "\",\" or \"}\"");
    }
  }
  take();
  return {};
}

Result<model::Matcher> Parser::parse_matcher() {
  const Token label = take();
  model::MatchOp op = model::MatchOp::kEqual;
  switch (token_.kind) {
    case TokenKind::kEqual:
      break;
    case TokenKind::kNotEqual:
      op = model::MatchOp::kNotEqual;
      break;
    case TokenKind::kRegex:
      op = model::MatchOp::kRegex;
      break;
    case TokenKind::kNotRegex:
      op = model::MatchOp::kNotRegex;
      break;
    default:
      return unexpected("label matching", "label matching operator");
  }
  take();
  if (!is(TokenKind::kString)) return unexpected("label matching", "string");
  auto matcher = model::Matcher::make(std::string(label.text), op, take().value);
  if (!matcher) return invalid(label.position, matcher.error().message);
  return matcher;
}

Result<Parser::Operand> Parser::parse_range(Operand operand) {
  const size_t bracket_position = take().position;
  if (!is(TokenKind::kDuration)) return unexpected("subquery or range", "duration");
  const Token duration = take();
  const auto range_ms = parse_duration(duration.text);
  if (!range_ms) return invalid(duration.position, range_ms.error().message);
  if (*range_ms == 0) return invalid(duration.position, "duration must be greater than 0");
  if (is(TokenKind::kColon)) return unsupported("subquery", bracket_position);
  if (!is(TokenKind::kRightBracket)) return unexpected("subquery or range", "\":\" or \"]\"");
  take();
  auto* const selector = std::get_if<VectorSelector>(&operand.expr.node);
  if (selector == nullptr || operand.in_parens) {
    return invalid(bracket_position, "ranges only allowed for vector selectors");
  }
  return Operand{Expr{MatrixSelector{std::move(*selector), *range_ms}}};
}

std::unexpected<Error> Parser::unexpected(std::string_view context, std::string_view expected) const {
  if (is(TokenKind::kError)) return invalid(token_.position, token_.value);
  std::string reason = "unexpected " + describe(token_);
  if (!context.empty()) reason += " in " + std::string(context);
  if (!expected.empty()) reason += ", expected " + std::string(expected);
  return invalid(token_.position, reason);
}

std::unexpected<Error> Parser::unsupported(const std::string& what, size_t position) {
  while (!is(TokenKind::kEnd) && !is(TokenKind::kError)) take();
  if (is(TokenKind::kError)) return unexpected();
  return fail(ErrorCode::kUnsupported,
              "not supported yet: " + what + " at position " + format_position(query_, position) +
                  "; a query can be a number or a selector such as cpu{host=~\"a.*\"} or cpu[5m]");
}

}  // namespace

Result<Expr> parse_query(std::string_view query) {
  if (query.size() > kQueryBytesMax) {
    return fail(ErrorCode::kInvalid, "the query has " + std::to_string(query.size()) + " bytes, at most " +
                                         std::to_string(kQueryBytesMax) + " are accepted");
  }
  if (!model::is_utf8(query)) return fail_at(query, 0, "the query is not valid UTF-8");
  return Parser(query).parse();
}

}  // namespace ms::promql
