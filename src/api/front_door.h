// What the front door tells of itself, and what of it can be changed while it runs; docs/front-door-api.md.
//
//     GET  /api/v1/front-door              every part of it, now
//     GET  /api/v1/front-door/stream       the same again and again, as Server-Sent Events
//     GET  /api/v1/front-door/connections  recent connections with their stamps: since, limit
//     POST /api/v1/front-door/settings     changes the queue's policy and the bounds; for loopback peers only
//
// Looks take milliseconds where many connections are open, so a pool of their own has them, and the stream a thread of
// its own: neither do they hold up a worker, nor do queries hold up the page that is meant for overload.
//
// Thread-safe; lives as long as the router, the pool's work and the front door's sessions, which may follow the stream.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "api/front_door_settings.h"
#include "api/state_stream.h"
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
  // Sockets, and entries of the queue, that a state of the stream lists: they are most of what it costs, and fill a
  // screen.
  static constexpr size_t kStreamEntriesMax = 64;

  // All outlive this, or end_streams(). `policy` is the one that the front door was started with; `heavy` is the pool
  // for heavy bodies, of which the state tells.
  FrontDoorApi(net::FrontDoor& front_door, QueuePolicy& policy, WorkPool& looks, const WorkPool& heavy,
               const Logger& log);

  void add_routes(http::Router& router);

  // As flags, file and clients have made them.
  FrontDoorSettings settings();
  // Sets all of them, as one change beside those of clients.
  void adopt(const FrontDoorSettings& settings);
  const StateStream& stream() const { return stream_; }
  // At a stop, before the front door's, and before its destruction: it wakes parked connections.
  void end_streams() { stream_.stop(); }

 private:
  void answer_state(http::Responder responder);
  void answer_stream(const http::Request& request, http::Responder responder);
  void answer_connections(const http::Request& request, http::Responder responder);
  http::Response answer_settings(const http::Request& request);

  net::FrontDoor& front_door_;
  QueuePolicy& policy_;
  WorkPool& looks_;
  const WorkPool& heavy_;
  const Logger& log_;
  Mutex changing_;  // held by who reads the settings and writes them back
  StateStream stream_;
};

}  // namespace ms::api
