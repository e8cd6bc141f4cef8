// Whether the tests may take their time: MS_LONG=1 in their environment. Then those that draw or step through many places
// take more of them.
#pragma once

#include <cstdlib>
#include <string_view>

namespace ms {

inline bool is_long_run() {
  const char* given = std::getenv("MS_LONG");
  return given != nullptr && std::string_view(given) == "1";
}

}  // namespace ms
