#include "api/health.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <variant>

#include "api/reply_testing.h"
#include "api/scripted_store_testing.h"

namespace ms::api {
namespace {

http::Response get(const http::Router& router, std::string path) {
  http::Request request{.method = "GET", .path = std::move(path)};
  const auto found = router.find(request);
  if (const http::Response* refusal = std::get_if<http::Response>(&found)) return *refusal;
  Reply reply;
  std::get<const http::Route*>(found)->handler(request, reply.responder());
  return reply.take();
}

bool has_retry_after(const http::Response& response) {
  return std::ranges::any_of(response.headers, [](const http::Header& h) { return h.name == "Retry-After"; });
}

class HealthTest : public testing::Test {
 protected:
  HealthTest() { add_health_routes(router_, store_); }

  ScriptedStore store_;
  http::Router router_;
};

TEST_F(HealthTest, IsOkWhileWritesCanBeStored) {
  for (const char* path : {"/health", "/-/healthy"}) {
    const http::Response response = get(router_, path);
    EXPECT_EQ(response.status, 200) << path;
    EXPECT_EQ(response.body, R"({"status":"ok"})") << path;
  }
}

TEST_F(HealthTest, SaysWhyItFails) {
  store_.current_health = {.accepts_writes = false, .reason = "fdatasync of \"00000042\": Input/output error"};
  const http::Response response = get(router_, "/health");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body, R"({"status":"failing","reason":"fdatasync of \"00000042\": Input/output error"})");
}

TEST_F(HealthTest, ShowsDamageAndStaysOk) {
  store_.current_health.damaged_places = 2;
  const http::Response response = get(router_, "/health");
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(response.body.starts_with(R"({"status":"ok","damaged_places":2,"hint":")")) << response.body;
}

TEST_F(HealthTest, IsReadyOnceTheStoreIsOpenEvenIfItFails) {
  store_.current_health.accepts_writes = false;
  for (const char* path : {"/ready", "/-/ready"}) {
    EXPECT_EQ(get(router_, path).status, 200) << path;
    EXPECT_EQ(get(router_, path).body, R"({"status":"ready"})") << path;
  }
}

TEST(StartingRoutesTest, AreAliveAndNotReadyAndAllElseWaits) {
  const QueuePolicy policy{.deadline_ns = 3600 * kNanosPerSecond};
  StartGate gate(policy);
  http::Router router;
  add_starting_routes(router, gate);
  for (const char* path : {"/health", "/-/healthy"}) {
    EXPECT_EQ(get(router, path).status, 200) << path;
    EXPECT_EQ(get(router, path).body, R"({"status":"starting"})") << path;
  }
  for (const char* path : {"/ready", "/-/ready"}) {
    EXPECT_EQ(get(router, path).status, 503) << path;
    EXPECT_TRUE(has_retry_after(get(router, path))) << path;
  }
  http::Request query{.method = "GET", .path = "/api/v1/query"};
  const auto found = router.find(query);
  Reply reply;
  std::get<const http::Route*>(found)->handler(query, reply.responder());
  EXPECT_FALSE(reply.has_come());
  gate.close();
  EXPECT_EQ(reply.take().status, 503);
}

}  // namespace
}  // namespace ms::api
