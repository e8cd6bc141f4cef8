// How much a test does: little in every run, all of it where MS_LONG is set, as `./dev test --long` does.
#pragma once

#include <cstdlib>

namespace ms::test {

template <class Count>
Count ordinary_or_long(Count ordinary, Count in_long_run) {
  return std::getenv("MS_LONG") != nullptr ? in_long_run : ordinary;
}

}  // namespace ms::test
