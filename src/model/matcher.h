// Label matchers: how a query selects series. Semantics and operators follow Prometheus: `=`, `!=`, `=~`, `!~`; regular
// expressions are RE2's, fully anchored; an absent label has the empty value.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace re2 {
class RE2;
}

namespace ms::model {

enum class MatchOp { kEqual, kNotEqual, kRegex, kNotRegex };

// Immutable after `make`, and then safe to share between threads.
class Matcher {
 public:
  // Refused with kInvalid: a regular expression that RE2 does not take, or that needs more than 8 MiB compiled.
  static Result<Matcher> make(std::string name, MatchOp op, std::string value);

  bool matches(std::string_view value) const;
  // Whether series without the label match too.
  bool matches_empty() const { return matches(""); }

  const std::string& name() const { return name_; }
  const std::string& value() const { return value_; }
  MatchOp op() const { return op_; }

 private:
  Matcher(std::string name, MatchOp op, std::string value, std::shared_ptr<const re2::RE2> regex)
      : name_(std::move(name)), op_(op), value_(std::move(value)), regex_(std::move(regex)) {}

  std::string name_;
  MatchOp op_;
  std::string value_;
  std::shared_ptr<const re2::RE2> regex_;  // null for kEqual and kNotEqual
};

}  // namespace ms::model
