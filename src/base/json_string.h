// The one JSON string escaper.
#pragma once

#include <string>
#include <string_view>

namespace ms {

// Appends `text` as a quoted JSON string, byte for byte as Go's encoding/json writes it: '"' and '\' behind a
// backslash; \b \f \n
// \r \t; other control characters, '<', '>', '&', U+2028 and U+2029 as \u and four lower-case digits, so that the
// result may stand inside a script element; each byte that is no part of valid UTF-8 as \ufffd; everything else as it
// is.
void append_json_string(std::string& out, std::string_view text);

}  // namespace ms
