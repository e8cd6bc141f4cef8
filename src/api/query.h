// The query API of Prometheus: GET and POST /api/v1/query and /api/v1/query_range.
//
//     /api/v1/query        query, time (default: now), timeout
//     /api/v1/query_range  query, start, end, step, timeout
//
// Times and durations are read by parameters.h. `timeout` shortens the default of two minutes; it counts from the
// arrival, so that it covers the wait for a thread of the pool. Faults have the statuses and types of Prometheus 2.42:
// 400 bad_data, 422 execution (too many samples; PromQL that is not supported yet), 503 timeout.
//
// Thread-safe; lives as long as the router and the pool's queries.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "api/work_pool.h"
#include "http/handler.h"
#include "promql/engine.h"
#include "storage/store.h"

namespace ms::api {

class QueryApi {
 public:
  // `now_ms` is the wall clock, in Unix milliseconds; called from any thread.
  QueryApi(const storage::Store& store, WorkPool& pool, std::function<int64_t()> now_ms)
      : store_(store), engine_(store), pool_(pool), now_ms_(std::move(now_ms)) {}

  void add_routes(http::Router& router);

 private:
  // A request's parameters and the moment from which its timeout counts; monotonic.
  struct Call {
    const http::Form& form;
    uint64_t arrived_ns;
  };
  using Answer = http::Response (QueryApi::*)(const Call& call) const;

  void submit(Answer answer, http::Request request, http::Responder responder);
  http::Response answer_query(const Call& call) const;
  http::Response answer_query_range(const Call& call) const;
  http::Response respond(const Result<promql::Value>& value) const;

  const storage::Store& store_;
  promql::Engine engine_;
  WorkPool& pool_;
  std::function<int64_t()> now_ms_;
};

}  // namespace ms::api
