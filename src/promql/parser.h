// Parser: PromQL text in, syntax tree out. The grammar and the wording of faults are those of Prometheus 2.42.
//
//     query    = expr
//     expr     = ("+" | "-") expr | primary [ "[" duration "]" ]
//     primary  = number | selector | "(" expr ")"
//     selector = name [ matchers ] | matchers
//     matchers = "{" [ matcher { "," matcher } [ "," ] ] "}"
//     matcher  = label ("=" | "!=" | "=~" | "!~") string
//
// A sign belongs to a number; a range to a selector without parentheses around it.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/error.h"
#include "promql/ast.h"

namespace ms::promql {

inline constexpr size_t kQueryBytesMax = 64 * 1024;
inline constexpr size_t kQueryDepthMax = 100;     // of parentheses and signs within each other
inline constexpr size_t kQueryMatchersMax = 100;  // of one selector: each may be a regular expression to compile

// Refused with kInvalid, as "<line>:<column>: parse error: <reason>" with both counted from 1, the column in bytes:
// what is no PromQL, and what exceeds a limit above. Refused with kUnsupported: what is PromQL up to a part that is not
// in the grammar above, as far as the tokens after that part tell.
Result<Expr> parse_query(std::string_view query);

}  // namespace ms::promql
