// Letters of ASCII without regard to case, free of the locale.
#pragma once

#include <algorithm>
#include <string_view>

namespace ms {

constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Fastest where the case is the same, too: name what is looked for as it is mostly written.
constexpr bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && (a == b || std::ranges::equal(a, b, {}, to_lower, to_lower));
}

}  // namespace ms
