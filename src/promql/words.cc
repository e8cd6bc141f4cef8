#include "promql/words.h"

#include <array>

#include "base/ascii.h"

namespace ms::promql {
namespace {

struct Entry {
  std::string_view text;
  Word word;
};

constexpr std::array kWords = {
    Entry{"inf", Word::kNumber},          Entry{"nan", Word::kNumber},
    Entry{"avg", Word::kAggregation},     Entry{"bottomk", Word::kAggregation},
    Entry{"count", Word::kAggregation},   Entry{"count_values", Word::kAggregation},
    Entry{"group", Word::kAggregation},   Entry{"max", Word::kAggregation},
    Entry{"min", Word::kAggregation},     Entry{"quantile", Word::kAggregation},
    Entry{"stddev", Word::kAggregation},  Entry{"stdvar", Word::kAggregation},
    Entry{"sum", Word::kAggregation},     Entry{"topk", Word::kAggregation},
    Entry{"and", Word::kSetOperator},     Entry{"or", Word::kSetOperator},
    Entry{"unless", Word::kSetOperator},  Entry{"atan2", Word::kOperator},
    Entry{"offset", Word::kOffset},       Entry{"by", Word::kGrouping},
    Entry{"without", Word::kGrouping},    Entry{"bool", Word::kReserved},
    Entry{"group_left", Word::kReserved}, Entry{"group_right", Word::kReserved},
    Entry{"ignoring", Word::kReserved},   Entry{"on", Word::kReserved},
};

}  // namespace

Word find_word(std::string_view text) {
  for (const Entry& entry : kWords) {
    if (equals_ignoring_case(text, entry.text)) return entry.word;
  }
  return Word::kNone;
}

}  // namespace ms::promql
