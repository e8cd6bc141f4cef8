#include "net/pulse.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace ms::net {
namespace {

// All idle, at second 10.
Pulse idle_pulse() {
  return {.taken_ns = 10'000, .has_waiting = false, .accept_turns = 5, .sweeps = 7, .workers = {{0, 1}, {0, 2}}};
}

TEST(PulseTest, OnlyWhatStandsStillIsNamed) {
  struct Case {
    const char* what;
    Pulse before;
    Pulse now;
    std::optional<std::string> found;
  };
  Pulse busy = idle_pulse();
  busy.has_waiting = true;
  busy.workers = {{3, 9'000}, {4, 9'000}};
  const auto later = [](Pulse pulse) {
    pulse.taken_ns += 10'000;
    ++pulse.sweeps;
    return pulse;
  };
  Pulse taken = later(busy);
  ++taken.accept_turns;
  Pulse stuck_workers = taken;
  Pulse one_goes_on = taken;
  one_goes_on.workers[1] = {5, 15'000};
  Pulse one_is_idle = taken;
  one_is_idle.workers[1] = {0, 9'000};
  Pulse no_sweep = later(idle_pulse());
  no_sweep.sweeps = idle_pulse().sweeps;
  Pulse nobody_before = busy;
  nobody_before.has_waiting = false;
  Pulse came_since = later(nobody_before);
  came_since.has_waiting = true;
  came_since.workers[0] = {0, 9'000};
  Pulse inline_door{.taken_ns = 1, .has_waiting = true};
  for (const Case& c : {
           Case{"idle", idle_pulse(), later(idle_pulse()), std::nullopt},
           Case{"somebody waits at both looks, and nobody was taken", busy, later(busy), "accept loop"},
           Case{"somebody has come only since", nobody_before, came_since, std::nullopt},
           Case{"no worker has let go of its connection", busy, stuck_workers, "workers"},
           Case{"one worker has", busy, one_goes_on, std::nullopt},
           Case{"one worker is idle", busy, one_is_idle, std::nullopt},
           Case{"the sweeper has not looked", idle_pulse(), no_sweep, "sweeper"},
           Case{"inline", inline_door, inline_door, std::nullopt},
       }) {
    EXPECT_EQ(find_standstill(c.before, c.now), c.found) << c.what;
  }
}

}  // namespace
}  // namespace ms::net
