#include "server/watchdog.h"

#include <algorithm>

#include "base/clock.h"

namespace ms::server {

Watchdog::Watchdog(const net::FrontDoor& front_door, const ServiceManager& manager, const Logger& log)
    : front_door_(front_door),
      manager_(manager),
      log_(log),
      interval_ns_(manager.watchdog_us() * 1000 / 2),
      last_(front_door.pulse()) {}

uint64_t Watchdog::pause_ms() const {
  const uint64_t due_ns = last_.taken_ns + interval_ns_;
  const uint64_t now_ns = monotonic_ns();
  return now_ns >= due_ns ? 1 : std::max<uint64_t>(1, (due_ns - now_ns) / kNanosPerMilli);
}

void Watchdog::look() {
  if (monotonic_ns() - last_.taken_ns < interval_ns_) return;
  net::Pulse now = front_door_.pulse();
  const std::string still = net::find_standstill(last_, now).value_or("");
  last_ = std::move(now);
  if (still.empty()) manager_.tell("WATCHDOG=1");
  if (still == still_) return;
  still_ = still;
  if (still.empty()) {
    log_.info("the front door goes on");
  } else {
    log_.error("the front door stands still; the service manager's watchdog is not told", {{"part", still}});
  }
}

}  // namespace ms::server
