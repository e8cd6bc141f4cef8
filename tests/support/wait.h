// Waiting for a condition, never for a duration: every wait of the tests ends as soon as what it waits for is true.
#pragma once

#include <chrono>
#include <thread>

namespace ms::test {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

// True as soon as `condition()` is; false when `timeout` has passed without.
template <class Condition>
bool wait_until(milliseconds timeout, Condition condition) {
  const auto deadline = Clock::now() + timeout;
  while (!condition()) {
    if (Clock::now() >= deadline) return false;
    std::this_thread::sleep_for(milliseconds(5));
  }
  return true;
}

}  // namespace ms::test
