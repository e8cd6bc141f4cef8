// Whether the server is alive and ready: /health and /ready, with the names that Prometheus' own tools ask for,
// /-/healthy and /-/ready.
//
//     /health  200 while writes can be stored; 503 with the reason while not. Before the store is open: 200, "starting"
//     /ready   200 once the store is open; 503 before
#pragma once

#include "api/start_gate.h"
#include "http/handler.h"
#include "storage/store.h"

namespace ms::api {

// The routes while the store is being opened: health and readiness are told; all else waits at the gate, which outlives
// the router.
void add_starting_routes(http::Router& router, StartGate& gate);

// The routes once it is open. The store outlives the router.
void add_health_routes(http::Router& router, const storage::Store& store);

}  // namespace ms::api
