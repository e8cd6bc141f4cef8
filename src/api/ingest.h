// The ways in: POST /metrics (JSON) and POST /api/v1/write (Prometheus remote write 1.0).
//
// What a request holds that cannot be stored is rejected by itself, with the reason, and the rest is stored. An answer
// of 2xx, and the accepted part of a 400, is durable. 503 with Retry-After: nothing of it is acknowledged, the client
// sends it again.
//
// Thread-safe; outlives the requests.
#pragma once

#include <cstdint>

#include "http/handler.h"
#include "http/message.h"
#include "storage/store.h"

namespace ms::api {

class IngestApi {
 public:
  // Samples more than `future_ms_max` after their arrival are rejected.
  IngestApi(storage::Store& store, const http::Limits& limits, int64_t future_ms_max)
      : store_(store), limits_(limits), future_ms_max_(future_ms_max) {}

  void add_routes(http::Router& router);

 private:
  void write_json(const http::Request& request, http::Responder responder);
  void write_remote(const http::Request& request, http::Responder responder);
  model::ParseContext parse_context() const;

  storage::Store& store_;
  const http::Limits limits_;
  const int64_t future_ms_max_;
};

}  // namespace ms::api
