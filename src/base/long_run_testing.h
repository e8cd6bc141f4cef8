// How much a test does: little in every run, all of it where MS_LONG=1 is in its environment, as `./dev test --long`
// sets it.
#pragma once

#include <cstdlib>
#include <string_view>
#include <utility>

namespace ms {

template <class Amount>
Amount ordinary_or_long(Amount ordinary, Amount in_long_run) {
  const char* given = std::getenv("MS_LONG");
  return given != nullptr && std::string_view(given) == "1" ? std::move(in_long_run) : std::move(ordinary);
}

}  // namespace ms
