// Watchdog: tells the service manager at half of the time that it gives that the front door is alive, as long as it is
// (net/pulse.h says what that means). Where the front door stands still, or nobody calls look(), the manager hears
// nothing, and restarts the process.
//
// Confined to main's thread: that it still takes signals is part of what is told.
#pragma once

#include <cstdint>
#include <string>

#include "base/log.h"
#include "net/front_door.h"
#include "net/pulse.h"
#include "server/service_manager.h"

namespace ms::server {

class Watchdog {
 public:
  // All outlive this. The manager expects to be told: its watchdog_us() is not 0.
  Watchdog(const net::FrontDoor& front_door, const ServiceManager& manager, const Logger& log);

  // How long until look() is due.
  uint64_t pause_ms() const;
  // Looks, where that is due.
  void look();

 private:
  const net::FrontDoor& front_door_;
  const ServiceManager& manager_;
  const Logger& log_;
  const uint64_t interval_ns_;
  net::Pulse last_;
  std::string still_;  // the part that stood still at the last look; empty: none
};

}  // namespace ms::server
