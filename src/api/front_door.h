// What the front door tells of itself, and what of it can be changed while it runs; docs/front-door-api.md.
//
//     GET  /api/v1/front-door              every part of it, now
//     GET  /api/v1/front-door/connections  recent connections with their stamps: since, limit
//     POST /api/v1/front-door/settings     changes the queue's policy and the bounds; for loopback peers only
//
// Both looks take milliseconds where many connections are open, so a pool of their own has them: neither do they hold
// up a worker, nor do queries hold up the page that is meant for overload.
//
// Thread-safe; lives as long as the router and the pool's work.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "api/front_door_settings.h"
#include "api/work_pool.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/overload.h"
#include "http/handler.h"
#include "net/front_door.h"

namespace ms::api {

class FrontDoorApi {
 public:
  static constexpr uint64_t kConnectionsDefault = 100;
  static constexpr uint64_t kConnectionsMax = 1000;

  // All outlive this. `policy` is the one that the front door was started with.
  FrontDoorApi(net::FrontDoor& front_door, QueuePolicy& policy, WorkPool& looks, const Logger& log)
      : front_door_(front_door), policy_(policy), looks_(looks), log_(log) {}

  void add_routes(http::Router& router);

 private:
  void answer_state(http::Responder responder);
  void answer_connections(const http::Request& request, http::Responder responder);
  http::Response answer_settings(const http::Request& request);

  net::FrontDoor& front_door_;
  QueuePolicy& policy_;
  WorkPool& looks_;
  const Logger& log_;
  Mutex changing_;  // held by who reads the settings and writes them back
};

}  // namespace ms::api
