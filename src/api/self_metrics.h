// GET /metrics: the server's own figures in the Prometheus text format. Their names are an interface: dashboards and
// alerts are written against them.
#pragma once

#include <string>

#include "api/work_pool.h"
#include "http/handler.h"
#include "http/http_service.h"
#include "net/front_door.h"
#include "storage/store.h"

namespace ms::api {

class SelfMetrics {
 public:
  // All outlive this. `start_seconds` is when the process started, in Unix seconds.
  SelfMetrics(net::FrontDoor& front_door, const http::HttpService& service, const storage::Store& store,
              const WorkPool& queries, const WorkPool& heavy, std::string version, double start_seconds)
      : front_door_(front_door),
        service_(service),
        store_(store),
        queries_(queries),
        heavy_(heavy),
        version_(std::move(version)),
        start_seconds_(start_seconds) {}

  void add_routes(http::Router& router);
  std::string write_text() const;

 private:
  net::FrontDoor& front_door_;
  const http::HttpService& service_;
  const storage::Store& store_;
  const WorkPool& queries_;
  const WorkPool& heavy_;
  const std::string version_;
  const double start_seconds_;
};

}  // namespace ms::api
