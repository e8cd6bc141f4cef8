// What the front door tells of itself, and what of it can be changed while it runs; docs/front-door-api.md.
//
//     GET  /api/v1/front-door              every part of it, now
//     GET  /api/v1/front-door/connections  recent connections with their stamps: since, limit
//     POST /api/v1/front-door/settings     changes the queue's policy and the bounds; for loopback peers only
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
  // A front door that has used more descriptors than this is looked at by the pool: it would hold up a worker.
  static constexpr size_t kDescriptorsAtOnce = 10'000;
  static constexpr uint64_t kConnectionsDefault = 100;
  static constexpr uint64_t kConnectionsMax = 1000;

  // All outlive this. `policy` is the one that the front door was started with.
  FrontDoorApi(net::FrontDoor& front_door, QueuePolicy& policy, WorkPool& pool, const Logger& log)
      : front_door_(front_door), policy_(policy), pool_(pool), log_(log) {}

  void add_routes(http::Router& router);

 private:
  void answer_state(http::Responder responder);
  http::Response answer_connections(const http::Request& request) const;
  http::Response answer_settings(const http::Request& request);

  net::FrontDoor& front_door_;
  QueuePolicy& policy_;
  WorkPool& pool_;
  const Logger& log_;
  Mutex changing_;  // held by who reads the settings and writes them back
};

}  // namespace ms::api
