#include "model/matcher.h"

#include <re2/re2.h>

#include <cstdint>
#include <utility>

namespace ms::model {
namespace {

constexpr int64_t kRegexBytesMax = 8 << 20;

Result<std::shared_ptr<const re2::RE2>> compile(const std::string& pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kRegexBytesMax);
  auto regex = std::make_shared<const re2::RE2>(pattern, options);
  if (!regex->ok()) return fail(ErrorCode::kInvalid, "error parsing regexp: " + regex->error());
  return regex;
}

}  // namespace

Result<Matcher> Matcher::make(std::string name, MatchOp op, std::string value) {
  std::shared_ptr<const re2::RE2> regex;
  if (op == MatchOp::kRegex || op == MatchOp::kNotRegex) {
    auto compiled = compile(value);
    if (!compiled) return std::unexpected(std::move(compiled.error()));
    regex = std::move(*compiled);
  }
  return Matcher(std::move(name), op, std::move(value), std::move(regex));
}

bool Matcher::matches(std::string_view value) const {
  switch (op_) {
    case MatchOp::kEqual:
      return value == value_;
    case MatchOp::kNotEqual:
      return value != value_;
    case MatchOp::kRegex:
      return re2::RE2::FullMatch(value, *regex_);
    case MatchOp::kNotRegex:
      return !re2::RE2::FullMatch(value, *regex_);
  }
  std::unreachable();
}

}  // namespace ms::model
