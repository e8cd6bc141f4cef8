// The abstract syntax tree of a query: what the parser makes and the engine evaluates. Plain values.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "model/matcher.h"

namespace ms::promql {

struct NumberLiteral {
  double value = 0;
};

// `cpu{host="a"}`: of each series that all matchers match, the newest sample not older than the look-back.
struct VectorSelector {
  std::vector<model::Matcher> matchers;  // at least one of them does not match the empty value
};

// `cpu{host="a"}[5m]`: all samples of the range.
struct MatrixSelector {
  VectorSelector vector;
  int64_t range_ms = 0;  // above 0
};

struct Expr {
  std::variant<NumberLiteral, VectorSelector, MatrixSelector> node;
};

}  // namespace ms::promql
