// The ways in: POST /metrics (JSON) and POST /api/v1/write (Prometheus remote write 1.0).
//
// What a request holds that cannot be stored is rejected by itself, with the reason, and the rest is stored. An answer
// of 2xx, and the accepted part of a 400, is durable. 503 with Retry-After: nothing of it is acknowledged, the client
// sends it again.
//
// A light body is decoded, parsed and looked up on the worker that has read it. A heavy one, of more than 16 KiB on the
// wire or 64 KiB decoded, goes to a pool of its own, so that no light one waits behind it. What a compressed body comes
// to is not known before: the worker decodes up to the limit, and where there is more the pool goes on from there.
//
// Thread-safe; outlives the requests.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>

#include "api/work_pool.h"
#include "base/byte_budget.h"
#include "http/handler.h"
#include "http/message.h"
#include "storage/store.h"

namespace ms::api {

class IngestApi {
 public:
  static constexpr size_t kLightBodyBytesMax = 16 * 1024;
  static constexpr size_t kLightDecodedBytesMax = 64 * 1024;

  // Heavy bodies go to `heavy`; what bodies decode to is charged to `bodies`. Samples more than `future_ms_max` after
  // their arrival are rejected.
  IngestApi(storage::Store& store, WorkPool& heavy, const http::Limits& limits, ByteBudget& bodies,
            int64_t future_ms_max)
      : store_(store), heavy_(heavy), limits_(limits), bodies_(bodies), future_ms_max_(future_ms_max) {}

  void add_routes(http::Router& router);
  void set_future_ms_max(int64_t ms) { future_ms_max_.store(ms, std::memory_order_relaxed); }

 private:
  struct Protocol;
  struct Write;
  static const Protocol kJson;
  static const Protocol kRemoteWrite;

  void take(const Protocol& protocol, http::Request& request, http::Responder responder);
  // On the worker: finds out whether the write is heavy. A response where it is refused.
  static std::optional<http::Response> begin(Write& write, http::Request& request);
  // The rest of the work, on the worker or the pool.
  void finish(Write& write, http::Responder& responder) const;
  static std::expected<model::WriteBatch, http::Response> read(Write& write);
  model::ParseContext parse_context() const;

  storage::Store& store_;
  WorkPool& heavy_;
  const http::Limits limits_;
  ByteBudget& bodies_;
  std::atomic<int64_t> future_ms_max_;
};

}  // namespace ms::api
