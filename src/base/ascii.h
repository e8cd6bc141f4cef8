// Letters of ASCII without regard to case, free of the locale.
#pragma once

#include <algorithm>
#include <string_view>

namespace ms {

constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

constexpr bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::ranges::equal(a, b, {}, to_lower, to_lower);
}

}  // namespace ms
