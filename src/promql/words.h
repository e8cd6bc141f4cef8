// The reserved words of PromQL, in any case. As a label's name any of them is fine; as a metric's name all but kNumber,
// kOperator and kReserved.
#pragma once

#include <string_view>

namespace ms::promql {

enum class Word {
  kNone,         // not reserved
  kNumber,       // inf, nan
  kAggregation,  // sum, topk, ...
  kSetOperator,  // and, or, unless
  kOperator,     // atan2
  kOffset,
  kGrouping,  // by, without
  kReserved,  // bool, on, ignoring, group_left, group_right
};

Word find_word(std::string_view text);

}  // namespace ms::promql
