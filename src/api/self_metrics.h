// GET /metrics: the server's own figures in the Prometheus text format. Their names are an interface: dashboards and
// alerts are written against them. Some of them the server also records in its own store (api/self_recorder.h).
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "api/state_stream.h"
#include "api/work_pool.h"
#include "http/handler.h"
#include "http/http_service.h"
#include "net/front_door.h"
#include "storage/store.h"
#include "wire/exposition.h"

namespace ms::api {

// What became of the records; the recorder counts.
struct SelfRecordCounters {
  std::atomic<uint64_t> written = 0;
  std::atomic<uint64_t> failed = 0;
};

class SelfMetrics {
 public:
  // All outlive this. `start_seconds` is when the process started, in Unix seconds.
  SelfMetrics(net::FrontDoor& front_door, const http::HttpService& service, const storage::Store& store,
              const WorkPool& queries, const WorkPool& heavy, const SelfRecordCounters& records,
              const StateStream& stream, std::string version, double start_seconds)
      : front_door_(front_door),
        service_(service),
        store_(store),
        queries_(queries),
        heavy_(heavy),
        records_(records),
        stream_(stream),
        version_(std::move(version)),
        start_seconds_(start_seconds) {}

  void add_routes(http::Router& router);
  std::string write_text() const;
  // The figures that are recorded: what the graphs of the last minutes are drawn from. Thread-safe.
  void tell_recorded(wire::Exposition& exposition) const;

 private:
  net::FrontDoor& front_door_;
  const http::HttpService& service_;
  const storage::Store& store_;
  const WorkPool& queries_;
  const WorkPool& heavy_;
  const SelfRecordCounters& records_;
  const StateStream& stream_;
  const std::string version_;
  const double start_seconds_;
};

}  // namespace ms::api
