#include "api/health.h"

#include <string>
#include <string_view>
#include <utility>

#include "base/json_string.h"
#include "http/http_service.h"

namespace ms::api {
namespace {

http::Handler always(http::Response response) {
  return [response = std::move(response)](http::Request&, http::Responder responder) {
    std::move(responder).send(response);
  };
}

http::Response health_answer(const storage::Store::Health& health) {
  http::Response response;
  response.status = health.accepts_writes ? 200 : 503;
  response.body = health.accepts_writes ? "{\"status\":\"ok\"" : "{\"status\":\"failing\"";
  if (!health.accepts_writes) {
    response.body += ",\"reason\":";
    append_json_string(response.body, health.reason);
  }
  if (health.damaged_places > 0) {
    response.body += ",\"damaged_places\":" + std::to_string(health.damaged_places);
    response.body += ",\"hint\":\"the log has damaged records, set aside at start; the server's log names each\"";
  }
  response.body += '}';
  return response;
}

}  // namespace

void add_starting_routes(http::Router& router, StartGate& gate) {
  const http::Response alive{.body = "{\"status\":\"starting\"}"};
  const http::Response not_yet = http::retry_later("starting: the store is being opened");
  for (const std::string_view path : {"/health", "/-/healthy"}) router.add({std::string(path), {"GET"}, always(alive)});
  for (const std::string_view path : {"/ready", "/-/ready"}) router.add({std::string(path), {"GET"}, always(not_yet)});
  router.add_fallback(
      [&gate](http::Request& request, http::Responder responder) { gate.enter(request, std::move(responder)); });
}

void add_health_routes(http::Router& router, const storage::Store& store) {
  const http::Handler health = [&store](http::Request&, http::Responder responder) {
    std::move(responder).send(health_answer(store.health()));
  };
  for (const std::string_view path : {"/health", "/-/healthy"}) router.add({std::string(path), {"GET"}, health});
  const http::Response ready{.body = "{\"status\":\"ready\"}"};
  for (const std::string_view path : {"/ready", "/-/ready"}) router.add({std::string(path), {"GET"}, always(ready)});
}

}  // namespace ms::api
