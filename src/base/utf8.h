// Where one character of UTF-8 text ends.
#pragma once

#include <cstddef>
#include <string_view>

namespace ms {

// The bytes of the valid character at the front of `text`: 1 to 4, or 0 where there is none (Unicode 15, table 3-7: no
// overlong forms, no surrogates, nothing above U+10FFFF).
size_t utf8_character_bytes(std::string_view text);

}  // namespace ms
