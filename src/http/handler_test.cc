#include "http/handler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace ms::http {
namespace {

class RecordingExchange final : public Exchange {
 public:
  void complete(Response given, uint64_t given_durable_ns) override {
    ++answers;
    response = std::move(given);
    durable_ns = given_durable_ns;
  }
  void begin_stream(Response given, std::unique_ptr<Stream> given_pieces) override {
    ++answers;
    response = std::move(given);
    pieces = std::move(given_pieces);
  }

  int answers = 0;
  Response response;
  uint64_t durable_ns = 0;
  std::unique_ptr<Stream> pieces;
};

class EmptyStream final : public Stream {
 public:
  Next next(net::SessionWaker&, std::shared_ptr<const std::string>&) override { return Next::kEnd; }
};

Route route(std::string path, std::vector<std::string> methods) { return {std::move(path), std::move(methods), {}}; }

Router some_router() {
  Router router;
  router.add(route("/metrics", {"GET"}));
  router.add(route("/metrics", {"POST"}));
  router.add(route("/api/v1/write", {"POST"}));
  return router;
}

Request request(std::string method, std::string path) {
  Request made;
  made.method = std::move(method);
  made.path = std::move(path);
  return made;
}

std::string_view allow_of(const Response& response) {
  EXPECT_EQ(response.headers.size(), 1u);
  EXPECT_EQ(response.headers.at(0).name, "Allow");
  return response.headers.at(0).value;
}

TEST(ResponderTest, SendsOneAnswer) {
  RecordingExchange exchange;
  {
    Responder responder(&exchange);
    std::move(responder).send(error_response(503, "later"));
  }
  EXPECT_EQ(exchange.answers, 1);
  EXPECT_EQ(exchange.response.status, 503);
  EXPECT_EQ(exchange.durable_ns, 0u);
}

TEST(ResponderTest, AStreamIsTheOneAnswerToo) {
  RecordingExchange exchange;
  {
    Responder responder(&exchange);
    std::move(responder).stream({.body = "begin"}, std::make_unique<EmptyStream>());
  }
  EXPECT_EQ(exchange.answers, 1);
  EXPECT_EQ(exchange.response.body, "begin");
  EXPECT_NE(exchange.pieces, nullptr);
}

TEST(ResponderTest, PassesOnWhenTheWriteBecameDurable) {
  RecordingExchange exchange;
  Responder(&exchange).send(Response{}, 17);
  EXPECT_EQ(exchange.durable_ns, 17u);
}

TEST(ResponderTest, AnswersInternalErrorWhenDroppedUnanswered) {
  RecordingExchange exchange;
  {
    const Responder responder(&exchange);
  }
  EXPECT_EQ(exchange.answers, 1);
  EXPECT_EQ(exchange.response.status, 500);
}

TEST(ResponderTest, TheDutyMovesAlong) {
  RecordingExchange exchange;
  std::optional<Responder> kept;
  {
    Responder responder(&exchange);
    kept.emplace(std::move(responder));
  }
  EXPECT_EQ(exchange.answers, 0);
  kept.reset();
  EXPECT_EQ(exchange.answers, 1);
}

TEST(RouterTest, FindsTheRouteOfPathAndMethod) {
  const Router router = some_router();
  const auto get = router.find(request("GET", "/metrics"));
  const auto post = router.find(request("POST", "/metrics"));
  ASSERT_TRUE(std::holds_alternative<const Route*>(get));
  ASSERT_TRUE(std::holds_alternative<const Route*>(post));
  EXPECT_THAT(std::get<const Route*>(get)->methods, testing::ElementsAre("GET"));
  EXPECT_THAT(std::get<const Route*>(post)->methods, testing::ElementsAre("POST"));
}

TEST(RouterTest, GetBringsHeadWithIt) {
  const Router router = some_router();
  const auto head = router.find(request("HEAD", "/metrics"));
  ASSERT_TRUE(std::holds_alternative<const Route*>(head));
  EXPECT_THAT(std::get<const Route*>(head)->methods, testing::ElementsAre("GET"));
  EXPECT_EQ(std::get<Response>(router.find(request("HEAD", "/api/v1/write"))).status, 405);
}

TEST(RouterTest, AHandlerMayHaveAMethodThatHttpDoesNotKnow) {
  Router router;
  router.add(route("/cache", {"PURGE"}));
  EXPECT_TRUE(std::holds_alternative<const Route*>(router.find(request("PURGE", "/cache"))));
}

TEST(RouterTest, RefusesWhatNoRouteAnswers) {
  const Router router = some_router();
  struct Case {
    const char* method;
    const char* path;
    int status;
  };
  for (const Case& c : {
           Case{"GET", "/nowhere", 404},
           Case{"GET", "/metrics/", 404},
           Case{"GET", "/Metrics", 404},
           Case{"GET", "", 404},
           Case{"OPTIONS", "*", 404},
           Case{"DELETE", "/metrics", 405},
           Case{"OPTIONS", "/metrics", 405},
           Case{"TRACE", "/metrics", 405},
           Case{"CONNECT", "", 405},
           Case{"BREW", "/metrics", 501},
           Case{"BREW", "/nowhere", 501},
           Case{"get", "/metrics", 501},
       }) {
    const auto found = router.find(request(c.method, c.path));
    ASSERT_TRUE(std::holds_alternative<Response>(found)) << c.method << ' ' << c.path;
    EXPECT_EQ(std::get<Response>(found).status, c.status) << c.method << ' ' << c.path;
  }
}

TEST(RouterTest, AllowNamesTheMethodsOfAllRoutesOfThePath) {
  const Router router = some_router();
  EXPECT_EQ(allow_of(std::get<Response>(router.find(request("PUT", "/metrics")))), "GET, HEAD, POST");
  EXPECT_EQ(allow_of(std::get<Response>(router.find(request("GET", "/api/v1/write")))), "POST");
  EXPECT_EQ(allow_of(std::get<Response>(router.find(request("CONNECT", "")))), "");
}

}  // namespace
}  // namespace ms::http
