// OccupyingHandler: answers 200 after it has kept its worker occupied for a fixed time, which the server's own handlers
// never do: so that the experiment knows what a request costs, and the queues are all that differs.
//
// Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>

#include "drain/settings.h"
#include "http/handler.h"

namespace ms::drain {

class OccupyingHandler {
 public:
  static constexpr const char* kPath = "/work";

  OccupyingHandler(Work work, uint64_t service_time_ns) : work_(work), service_time_ns_(service_time_ns) {}

  // The handler outlives the router.
  void add_routes(http::Router& router);
  // From now on it answers at once: what still waits belongs to clients that have given up.
  void release() { is_released_.store(true, std::memory_order_relaxed); }

 private:
  void occupy() const;

  const Work work_;
  const uint64_t service_time_ns_;
  std::atomic<bool> is_released_ = false;
};

}  // namespace ms::drain
