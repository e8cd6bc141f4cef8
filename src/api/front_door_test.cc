// The front door's API over HTTP: a whole front door that tells of itself.
#include "api/front_door.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "api/reply_testing.h"
#include "http/http_service.h"
#include "net/client_testing.h"
#include "net/descriptors.h"

namespace ms::api {
namespace {

using net::Client;
using net::eventually;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// A JSON answer, and the parser that it lives in. What is not there fails the test by an exception.
class Document {
 public:
  explicit Document(const std::string& text)
      : parser_(std::make_unique<simdjson::dom::parser>()), root_(parser_->parse(text)) {}

  simdjson::dom::element at(std::string_view pointer) const { return root_.at_pointer(pointer); }
  uint64_t number(std::string_view pointer) const { return at(pointer).get_uint64(); }
  double real(std::string_view pointer) const { return at(pointer).get_double(); }
  std::string text(std::string_view pointer) const { return std::string(at(pointer).get_string().value()); }
  size_t size(std::string_view pointer) const { return at(pointer).get_array().value().size(); }
  bool is_null(std::string_view pointer) const { return at(pointer).is_null(); }
  std::vector<uint64_t> numbers(std::string_view array, std::string_view field) const {
    std::vector<uint64_t> numbers;
    for (const simdjson::dom::element element : at(array).get_array()) numbers.push_back(element[field].get_uint64());
    return numbers;
  }

 private:
  std::unique_ptr<simdjson::dom::parser> parser_;
  simdjson::dom::element root_;
};

// GET /block occupies its worker until release(); GET /quick answers at once; GET /later is answered by answer_later().
class FrontDoorApiTest : public testing::Test {
 protected:
  ~FrontDoorApiTest() override {
    if (api_ != nullptr) api_->end_streams();
    release();
    answer_later();
    std::filesystem::remove(log_file_);
  }

  void start() {
    auto opened = net::FrontDoor::open(options_);
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    door_ = std::move(*opened);
    api_ = std::make_unique<FrontDoorApi>(*door_, policy_, looks_, heavy_, log_);
    api_->add_routes(router_);
    router_.add({"/quick", {"GET"}, [](http::Request&, http::Responder responder) {
                   std::move(responder).send({.body = "{}"});
                 }});
    router_.add({"/block", {"GET"}, [this](http::Request&, http::Responder responder) {
                   std::unique_lock lock(mutex_);
                   ++blocked_;
                   changed_.wait(lock, [&] { return is_released_; });
                   std::move(responder).send({.body = "{}"});
                 }});
    router_.add({"/later", {"GET"}, [this](http::Request&, http::Responder responder) {
                   const std::lock_guard lock(mutex_);
                   later_.push_back(std::move(responder));
                 }});
    ASSERT_TRUE(door_->start(service_, policy_).has_value());
  }

  void release() {
    const std::lock_guard lock(mutex_);
    is_released_ = true;
    changed_.notify_all();
  }
  void answer_later() {
    const std::lock_guard lock(mutex_);
    for (http::Responder& responder : later_) std::move(responder).send({.body = "{}"});
    later_.clear();
  }
  size_t blocked() {
    const std::lock_guard lock(mutex_);
    return blocked_;
  }

  Client client() { return Client(door_->listeners().front()); }
  Client ask(const std::string& target) {
    Client one = client();
    one.send("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n");
    return one;
  }
  // A client that follows the stream, its reply's header read.
  Client follow(const std::string& query, int receive_bytes = 0, const std::string& version = "1.1") {
    Client one(door_->listeners().front(), receive_bytes);
    one.send("GET /api/v1/front-door/stream" + query + " HTTP/" + version + "\r\nHost: a\r\n\r\n");
    EXPECT_EQ(one.read_line(), "HTTP/1.1 200 OK\r");
    std::string header;
    for (std::string line = one.read_line(); line.size() > 1; line = one.read_line()) header += line + '\n';
    EXPECT_THAT(header, HasSubstr("Content-Type: text/event-stream\r\n"));
    EXPECT_THAT(header, HasSubstr("Cache-Control: no-store\r\n"));
    return one;
  }
  // The data of the next event, whatever chunks it comes in.
  static std::string read_event(Client& following) {
    constexpr int kLinesBetweenMax = 8;
    std::string line;
    for (int i = 0; i < kLinesBetweenMax && !line.starts_with("data: "); ++i) line = following.read_line();
    return line.starts_with("data: ") ? line.substr(6) : "no data: " + line;
  }

  Client block() {
    const size_t before = blocked();
    Client one = ask("/block");
    EXPECT_TRUE(eventually([&] { return blocked() > before; }));
    return one;
  }

  // What the handlers answer, without a connection.
  http::Response call(http::Request request) {
    Reply reply;
    std::get<const http::Route*>(router_.find(request))->handler(request, reply.responder());
    return reply.take();
  }
  http::Response get(const std::string& path, const std::string& query = {}) {
    return call({.method = "GET", .path = path, .query = query});
  }
  http::Response set(const std::string& body, std::vector<http::Header> headers = {}) {
    return call({.method = "POST",
                 .path = "/api/v1/front-door/settings",
                 .headers = std::move(headers),
                 .body = body,
                 .peer = loopback_});
  }
  Document state() { return Document(get("/api/v1/front-door").body); }
  Document connections(const std::string& query = {}) {
    return Document(get("/api/v1/front-door/connections", query).body);
  }

  std::string logged() const {
    std::ifstream file(log_file_);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  const std::string log_file_ =
      testing::TempDir() + "front_door_api_" + testing::UnitTest::GetInstance()->current_test_info()->name() + ".log";
  const Logger log_{LogLevel::kInfo, LogFormat::kLogfmt, log_file_};
  net::FrontDoorOptions options_{.addresses = {"127.0.0.1:0"},
                                 .backlog = 128,
                                 .workers = 2,
                                 .descriptors_max = net::raise_descriptor_limit().value_or(1024),
                                 .refuser_share = 16,
                                 .connections_max = 500,
                                 .queue_max = 400};
  const net::Endpoint loopback_{.address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1}, .port = 54127};

  std::mutex mutex_;
  std::condition_variable changed_;
  // Under mutex_:
  bool is_released_ = false;
  size_t blocked_ = 0;
  std::vector<http::Responder> later_;

  QueuePolicy policy_;
  http::Router router_;
  http::HttpService service_{http::Limits{}, router_};
  std::unique_ptr<FrontDoorApi> api_;
  std::unique_ptr<net::FrontDoor> door_;
  WorkPool looks_{{.name = "look", .queue_length_max = 1}};
  WorkPool heavy_{{.name = "heavy", .threads = 2, .queue_length_max = 3}};
};

TEST_F(FrontDoorApiTest, ShowsWhoWaitsAndWhoIsServed) {
  start();
  const Client later = ask("/later");
  ASSERT_TRUE(eventually([&] { return state().number("/active_sockets/by_state/parked") == 1; }));
  const Client first = block();
  const Client second = block();
  const Client queued = ask("/quick");
  ASSERT_TRUE(eventually([&] { return state().number("/connection_queue/length") == 1; }));

  const Document now = state();
  EXPECT_EQ(now.text("/architecture"), "pool");
  EXPECT_GT(now.number("/now_unix_ms"), 1'700'000'000'000u);
  EXPECT_EQ(now.text("/listen_queues/0/address"), door_->listeners().front().address());
  EXPECT_EQ(now.number("/listen_queues/0/limit"), 128u);
  EXPECT_EQ(now.number("/accept_loop/accepted"), 4u);
  EXPECT_EQ(now.number("/connection_queue/limit"), 400u);
  EXPECT_EQ(now.number("/connection_queue/target_ms"), 50u);
  EXPECT_EQ(now.number("/connection_queue/deadline_ms"), 1000u);
  EXPECT_EQ(now.number("/connection_queue/entries/0/connection"), 4u);
  EXPECT_EQ(now.text("/connection_queue/entries/0/peer"), queued.endpoint().text());
  EXPECT_GT(now.real("/connection_queue/entries/0/age_ms"), 0);
  for (const char* worker : {"/workers/0", "/workers/1"}) {
    EXPECT_EQ(now.text(std::string(worker) + "/state"), "serving");
    EXPECT_GE(now.number(std::string(worker) + "/connection"), 2u);
  }
  EXPECT_EQ(now.number("/active_sockets/open"), 4u);
  EXPECT_EQ(now.number("/active_sockets/limit"), 500u);
  EXPECT_EQ(now.number("/active_sockets/by_state/serving"), 2u);
  EXPECT_THAT(now.numbers("/active_sockets/sockets", "connection"), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(now.text("/active_sockets/sockets/0/state"), "parked");
  EXPECT_EQ(now.text("/active_sockets/sockets/3/state"), "queued");
  EXPECT_EQ(now.text("/active_sockets/sockets/3/local"), door_->listeners().front().address());
  EXPECT_GT(now.number("/active_sockets/sockets/3/receive_bytes"), 0u);
}

TEST_F(FrontDoorApiTest, AFrontDoorThatNobodyHasUsedIsShownToo) {
  start();
  ASSERT_TRUE(eventually([&] { return state().text("/accept_loop/state") == "blocked"; }));
  const Document now = state();
  EXPECT_TRUE(now.is_null("/listen_queues/0/waiting/age_ms"));
  EXPECT_EQ(now.size("/listen_queues/0/waiting/peers"), 0u);
  EXPECT_TRUE(now.is_null("/kernel_wait/little_mean_ms"));
  EXPECT_EQ(now.real("/accept_loop/drain_per_s/10s"), 0);
  EXPECT_EQ(now.text("/workers/1/state"), "idle");
  EXPECT_TRUE(now.is_null("/workers/1/connection"));
  EXPECT_EQ(now.size("/active_sockets/sockets"), 0u);
  for (const char* reason : {"connections_limit", "queue_limit", "queue_age", "descriptors", "held"}) {
    EXPECT_EQ(now.number(std::string("/refusals/") + reason), 0u) << reason;
  }
  for (const char* stage : {"accept", "enqueue", "queue", "receive", "commit", "reply", "total"}) {
    EXPECT_EQ(now.number(std::string("/stages/") + stage + "/count"), 0u) << stage;
    EXPECT_EQ(now.real(std::string("/stages/") + stage + "/p99_us"), 0) << stage;
  }
}

TEST_F(FrontDoorApiTest, IsServedByTheDoorThatItTellsOf) {
  start();
  Client one = ask("/api/v1/front-door");
  EXPECT_EQ(one.read_line(), "HTTP/1.1 200 OK\r");
  EXPECT_TRUE(eventually([&] { return connections().size("/connections") == 1; }));
  EXPECT_EQ(connections().text("/connections/0/peer"), one.endpoint().text());
}

TEST_F(FrontDoorApiTest, ItsPoolTakesBothLooksAndHoldsUpNoWorker) {
  start();
  std::promise<void> ended;
  Reply running;
  looks_.submit(
      [end = ended.get_future()](http::Responder& asked) {
        end.wait();
        std::move(asked).send({});
      },
      running.responder());
  EXPECT_TRUE(eventually([&] { return looks_.stats().queue_length == 0; }));
  Client parked = ask("/api/v1/front-door/connections");
  EXPECT_TRUE(eventually([&] { return looks_.stats().queue_length == 1; }));
  EXPECT_EQ(get("/api/v1/front-door").status, 503);
  EXPECT_EQ(get("/api/v1/front-door/connections").status, 503);
  for (size_t i = 0; i < options_.workers; ++i) EXPECT_EQ(ask("/quick").read_line(), "HTTP/1.1 200 OK\r");
  ended.set_value();
  EXPECT_EQ(parked.read_line(), "HTTP/1.1 200 OK\r");
  EXPECT_EQ(running.take().status, 200);
}

TEST_F(FrontDoorApiTest, AConnectionLeavesItsStampsUnderTheNumberThatItHad) {
  start();
  Client one = ask("/quick");
  EXPECT_EQ(one.read_line(), "HTTP/1.1 200 OK\r");
  one.send("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(eventually([&] {
    const Document recent = connections();
    return recent.size("/connections") == 1 && recent.size("/connections/0/requests") == 2;
  }));
  const Document now = state();
  const Document recent = connections();
  EXPECT_EQ(recent.number("/newest"), 1u);
  for (const char* field : {"connection", "fd"}) {
    EXPECT_EQ(recent.number(std::string("/connections/0/") + field),
              now.number(std::string("/active_sockets/sockets/0/") + field));
  }
  for (const char* field : {"peer", "local"}) {
    EXPECT_EQ(recent.text(std::string("/connections/0/") + field),
              now.text(std::string("/active_sockets/sockets/0/") + field));
  }
  EXPECT_THAT(recent.numbers("/connections/0/requests", "request"), ElementsAre(1, 2));
  EXPECT_THAT(recent.numbers("/connections/0/requests", "code"), ElementsAre(200, 404));
  EXPECT_EQ(recent.text("/connections/0/requests/0/outcome"), "replied");
  EXPECT_GE(recent.number("/connections/0/requests/0/worker"), 1u);
  EXPECT_EQ(recent.number("/connections/0/requests/0/taken_by"), recent.number("/connections/0/requests/0/worker"));
  EXPECT_TRUE(recent.is_null("/connections/0/requests/0/durable_ns"));
  uint64_t last_ns = 0;
  for (const char* stamp : {"accept_begin_ns", "accepted_ns", "enqueued_ns", "requests/0/taken_ns",
                            "requests/0/complete_ns", "requests/0/replied_ns", "requests/1/replied_ns"}) {
    const uint64_t stamp_ns = recent.number(std::string("/connections/0/") + stamp);
    EXPECT_GE(stamp_ns, last_ns) << stamp;
    last_ns = stamp_ns;
  }
}

TEST_F(FrontDoorApiTest, WhoIsRefusedIsRecordedWithoutARequest) {
  options_.connections_max = 1;
  start();
  const Client inside = block();
  EXPECT_THAT(client().read_all().text, HasSubstr("503"));
  EXPECT_EQ(state().number("/refusals/connections_limit"), 1u);
  ASSERT_TRUE(eventually([&] { return connections().size("/connections") == 1; }));
  const Document recent = connections();
  EXPECT_EQ(recent.number("/connections/0/connection"), 2u);
  EXPECT_TRUE(recent.is_null("/connections/0/enqueued_ns"));
  EXPECT_EQ(recent.number("/connections/0/requests/0/request"), 0u);
  EXPECT_TRUE(recent.is_null("/connections/0/requests/0/worker"));
  EXPECT_TRUE(recent.is_null("/connections/0/requests/0/code"));
  EXPECT_EQ(recent.text("/connections/0/requests/0/outcome"), "refused_connections");
  EXPECT_GE(recent.number("/connections/0/requests/0/ended_ns"), recent.number("/connections/0/accepted_ns"));
}

TEST_F(FrontDoorApiTest, SinceAndLimitSelectByNumber) {
  start();
  Client first = ask("/quick");
  EXPECT_EQ(first.read_line(), "HTTP/1.1 200 OK\r");
  for (int i = 0; i < 4; ++i) EXPECT_EQ(ask("/quick").read_line(), "HTTP/1.1 200 OK\r");
  first.send("GET /quick HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(eventually([&] {
    const Document recent = connections();
    return recent.size("/connections") == 5 && recent.size("/connections/0/requests") == 2;
  }));
  EXPECT_THAT(connections("since=3").numbers("/connections", "connection"), ElementsAre(4, 5));
  EXPECT_THAT(connections("limit=2").numbers("/connections", "connection"), ElementsAre(1, 2));
  EXPECT_THAT(connections("since=1&limit=2").numbers("/connections", "connection"), ElementsAre(2, 3));
  EXPECT_THAT(connections("since=18446744073709551615").numbers("/connections", "connection"), IsEmpty());
  EXPECT_EQ(connections("since=5").number("/newest"), 5u);
}

TEST_F(FrontDoorApiTest, ParametersThatAreNoNumbersAreNamed) {
  start();
  struct Case {
    const char* query;
    const char* named;
  };
  for (const Case& c : {
           Case{"since=-1", "since"},
           Case{"since=1x", "since"},
           Case{"since=18446744073709551616", "since"},
           Case{"limit=1001", "limit"},
           Case{"limit=1.5", "limit"},
       }) {
    const http::Response response = get("/api/v1/front-door/connections", c.query);
    EXPECT_EQ(response.status, 400) << c.query;
    EXPECT_THAT(response.body, HasSubstr("invalid parameter \\\"" + std::string(c.named))) << c.query;
  }
}

TEST_F(FrontDoorApiTest, SettingsHoldAtOnce) {
  start();
  const http::Response response = set(R"({"queue_target_ms":20,"max_connections":1})");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body,
            R"({"queue_target_ms":20,"queue_deadline_ms":1000,"connection_queue":400,"max_connections":1})");
  EXPECT_EQ(policy_.target_ns, 20 * kNanosPerMilli);
  EXPECT_EQ(state().number("/connection_queue/target_ms"), 20u);
  const Client inside = block();
  EXPECT_THAT(client().read_all().text, HasSubstr("503"));
  EXPECT_EQ(set(R"({"max_connections":500})").status, 200);
  EXPECT_EQ(ask("/quick").read_line(), "HTTP/1.1 200 OK\r");
}

TEST_F(FrontDoorApiTest, AQueueThatIsMadeShorterRefuses) {
  options_.workers = 1;
  start();
  const Client busy = block();
  const Client waiting = client();
  ASSERT_TRUE(eventually([&] { return state().number("/connection_queue/length") == 1; }));
  EXPECT_EQ(set(R"({"connection_queue":1})").status, 200);
  EXPECT_THAT(client().read_all().text, HasSubstr("503"));
  EXPECT_EQ(state().number("/refusals/queue_limit"), 1u);
}

TEST_F(FrontDoorApiTest, AChangeIsLoggedOnceAndNoChangeIsNot) {
  start();
  set("{}");
  set(R"({"queue_target_ms":50})");
  set(R"({"queue_target_ms":0})");
  EXPECT_EQ(logged(), "");
  set(R"({"queue_target_ms":20})");
  const std::string line = logged();
  EXPECT_THAT(line, HasSubstr(R"(msg="front door settings changed" changes="queue_target_ms from 50 to 20")"));
  EXPECT_THAT(line, HasSubstr("peer=127.0.0.1:54127"));
  EXPECT_EQ(line.find('\n'), line.size() - 1);
}

TEST_F(FrontDoorApiTest, WhatMakesNoSenseChangesNothing) {
  start();
  const http::Response response = set(R"({"queue_target_ms":20,"max_connections":501})");
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, HasSubstr("max_connections: a whole number from 1 to 500"));
  EXPECT_EQ(set(R"({"queue_target_ms":20,"queue_target_ms":30})").status, 400);
  EXPECT_EQ(set(R"({"queue_target_ms":20})" + std::string(4096, ' ')).status, 413);
  EXPECT_EQ(policy_.target_ns, 50 * kNanosPerMilli);
}

TEST_F(FrontDoorApiTest, OnlyThisMachineMayChangeSettings) {
  start();
  http::Request request{
      .method = "POST", .path = "/api/v1/front-door/settings", .body = R"({"queue_target_ms":20})", .peer = loopback_};
  request.peer.address[12] = 10;
  EXPECT_EQ(call(request).status, 403);
  request.peer = {};
  EXPECT_EQ(call(request).status, 403) << "a peer that is not known";
  EXPECT_EQ(policy_.target_ns, 50 * kNanosPerMilli);
}

TEST_F(FrontDoorApiTest, AnotherSitesPageMayNotChangeSettings) {
  start();
  const std::string body = R"({"queue_target_ms":20})";
  EXPECT_EQ(set(body, {{"Host", "127.0.0.1:8080"}, {"Origin", "http://elsewhere.example"}}).status, 403);
  EXPECT_EQ(set(body, {{"Host", "127.0.0.1:8080"}, {"Origin", "null"}}).status, 403);
  EXPECT_EQ(set(body, {{"Origin", "http://"}}).status, 403);
  for (const char* rebound : {"elsewhere.example", "elsewhere.example:8080", "localhost.example",
                              "127.0.0.1.example:80", "10.0.0.1:8080", "[::2]:8080", "[::1].example", "::1"}) {
    EXPECT_EQ(set(body, {{"Host", rebound}, {"Origin", std::string("http://") + rebound}}).status, 403) << rebound;
  }
  EXPECT_EQ(policy_.target_ns, 50 * kNanosPerMilli);
  for (const char* ours :
       {"127.0.0.1:8080", "127.0.0.1", "127.1.2.3:80", "localhost:8080", "LocalHost", "[::1]:8080", "[::1]"}) {
    EXPECT_EQ(set(body, {{"Host", ours}, {"Origin", std::string("http://") + ours}}).status, 200) << ours;
  }
}

TEST_F(FrontDoorApiTest, SettingsOverHttpKnowTheirPeer) {
  start();
  Client one = client();
  one.send(
      "POST /api/v1/front-door/settings HTTP/1.1\r\nHost: a\r\nContent-Length: 22\r\n\r\n{\"queue_target_ms\":20}");
  EXPECT_EQ(one.read_line(), "HTTP/1.1 200 OK\r");
  EXPECT_THAT(logged(), HasSubstr("peer=" + one.endpoint().text()));
}

TEST_F(FrontDoorApiTest, TheStreamSendsTheStateAgainAndAgain) {
  start();
  const Client parked = ask("/later");
  ASSERT_TRUE(eventually([&] { return state().number("/active_sockets/by_state/parked") == 1; }));
  Client one = follow("?rate=20");
  EXPECT_EQ(one.read_line(), "d\r");
  EXPECT_EQ(one.read_line(), "retry: 1000");
  EXPECT_EQ(one.read_line(), "");
  double last_uptime = 0;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(one.read_line(), "\r") << "a chunk ends";
    const size_t chunk_bytes = std::stoul(one.read_line(), nullptr, 16);
    EXPECT_EQ(one.read_line(), "event: state");
    const std::string data = one.read_line();
    ASSERT_TRUE(data.starts_with("data: ")) << data;
    EXPECT_EQ(one.read_line(), "");
    EXPECT_EQ(chunk_bytes, std::string("event: state\n").size() + data.size() + std::string("\n\n").size());
    const Document now(data.substr(6));
    EXPECT_EQ(now.text("/listen_queues/0/address"), door_->listeners().front().address());
    EXPECT_EQ(now.number("/active_sockets/open"), 2u);
    EXPECT_GT(now.real("/uptime_seconds"), last_uptime);
    last_uptime = now.real("/uptime_seconds");
  }
}

TEST_F(FrontDoorApiTest, TheStreamListsAScreenful) {
  start();
  std::vector<Client> many;
  for (size_t i = 0; i < FrontDoorApi::kStreamEntriesMax + 6; ++i) many.push_back(client());
  Client one = follow("");
  const Document now(read_event(one));
  EXPECT_EQ(now.size("/active_sockets/sockets"), FrontDoorApi::kStreamEntriesMax);
  EXPECT_EQ(now.size("/connection_queue/entries"), FrontDoorApi::kStreamEntriesMax);
  EXPECT_EQ(state().size("/active_sockets/sockets"), FrontDoorApi::kStreamEntriesMax + 7);
}

TEST_F(FrontDoorApiTest, TheStreamsRateIsBounded) {
  start();
  for (const char* rate : {"0.09", "20.1", "0", "-4", "nan", "inf", "4x", "1e400", "four"}) {
    const http::Response response = get("/api/v1/front-door/stream", std::string("rate=") + rate);
    EXPECT_EQ(response.status, 400) << rate;
    EXPECT_THAT(response.body, HasSubstr("invalid parameter \\\"rate\\\": a number from 0.1 to 20")) << rate;
  }
  for (const char* rate : {"0.1", "20", "4", "2.5", ""}) {
    EXPECT_EQ(get("/api/v1/front-door/stream", std::string("rate=") + rate).status, 200) << rate;
  }
}

TEST_F(FrontDoorApiTest, SoManyFollowTheStreamAndTheNextIsAskedToComeBack) {
  start();
  std::vector<Client> all;
  for (size_t i = 0; i < StateStream::kSubscribersMax; ++i) all.push_back(follow("?rate=20"));
  const http::Response refused = get("/api/v1/front-door/stream");
  EXPECT_EQ(refused.status, 503);
  ASSERT_EQ(refused.headers.size(), 1u);
  EXPECT_EQ(refused.headers[0].name, "Retry-After");
  all.pop_back();
  EXPECT_TRUE(eventually([&] { return get("/api/v1/front-door/stream").status == 200; }));
}

TEST_F(FrontDoorApiTest, WhoHasGoneMakesRoomForAnother) {
  start();
  {
    const Client gone = follow("?rate=20");
    EXPECT_EQ(api_->stream().stats().subscribers, 1u);
  }
  EXPECT_TRUE(eventually([&] { return api_->stream().stats().subscribers == 0; }));
  EXPECT_EQ(door_->stats().broken, 0u);
}

TEST_F(FrontDoorApiTest, HeadOfTheStreamFollowsNothing) {
  start();
  Client one = client();
  one.send("HEAD /api/v1/front-door/stream HTTP/1.1\r\nHost: a\r\n\r\n");
  const Client::Reading all = one.read_all();
  EXPECT_THAT(all.text, HasSubstr("Content-Type: text/event-stream\r\n"));
  EXPECT_THAT(all.text, EndsWith("\r\n\r\n"));
  EXPECT_EQ(all.end, Client::End::kFin);
  EXPECT_EQ(api_->stream().stats().subscribers, 0u);
}

TEST_F(FrontDoorApiTest, AStopEndsStreamsProperly) {
  start();
  std::vector<Client> all;
  for (int i = 0; i < 20; ++i) {
    all.push_back(follow("?rate=0.1", 0, i % 2 == 0 ? "1.1" : "1.0"));
    EXPECT_THAT(read_event(all.back()), StartsWith("{\"architecture\":\"pool\""));
  }
  api_->end_streams();
  for (size_t i = 0; i < all.size(); ++i) {
    const Client::Reading rest = all[i].read_all();
    EXPECT_THAT(rest.text, EndsWith(i % 2 == 0 ? "\n\r\n0\r\n\r\n" : "\n"));
    EXPECT_EQ(rest.text.ends_with("0\r\n\r\n"), i % 2 == 0);
    EXPECT_EQ(rest.end, Client::End::kFin);
  }
  all.clear();
  EXPECT_EQ(door_->stop(60'000), 0u);
}

TEST_F(FrontDoorApiTest, AFollowerThatTakesNothingHoldsUpNeitherTheOthersNorAStop) {
  start();
  std::vector<Client> many;  // that make a state long
  for (size_t i = 0; i < FrontDoorApi::kStreamEntriesMax; ++i) many.push_back(client());
  const Client idle = follow("?rate=20", 4096);
  EXPECT_TRUE(eventually([&] { return api_->stream().stats().skipped >= 2; }));
  Client quick = follow("?rate=20");
  for (int i = 0; i < 3; ++i) EXPECT_THAT(read_event(quick), HasSubstr("\"sending\":1"));
  many.clear();
  api_->end_streams();
  EXPECT_EQ(quick.read_all().end, Client::End::kFin);
  EXPECT_EQ(door_->stop(60'000), 0u);
  EXPECT_EQ(door_->stats().send_timeouts, 0u) << "it has not been waited for";
}

TEST_F(FrontDoorApiTest, InlineSendsOneStateAndServesTheNext) {
  options_.architecture = net::Architecture::kInline;
  start();
  Client one = follow("");
  EXPECT_THAT(read_event(one), StartsWith("{\"architecture\":\"inline\""));
  EXPECT_EQ(one.read_all(), (Client::Reading{"\n\r\n0\r\n\r\n", Client::End::kFin}));
  EXPECT_EQ(ask("/quick").read_line(), "HTTP/1.1 200 OK\r");
}

TEST_F(FrontDoorApiTest, ShowsWhatTheHeavyPoolDoes) {
  start();
  ASSERT_EQ(state().size("/heavy_pool/threads"), 2u);
  EXPECT_EQ(state().number("/heavy_pool/queue_limit"), 3u);
  std::promise<void> ended;
  std::promise<void> begun;
  Reply reply;
  heavy_.submit(
      [&begun, end = ended.get_future()](http::Responder& asked) {
        begun.set_value();
        end.wait();
        std::move(asked).send({});
      },
      reply.responder(), 43);
  begun.get_future().wait();
  const Document busy = state();
  const bool is_first = busy.text("/heavy_pool/threads/0/state") == "reading";
  const std::string reading = is_first ? "/heavy_pool/threads/0" : "/heavy_pool/threads/1";
  const std::string idle = is_first ? "/heavy_pool/threads/1" : "/heavy_pool/threads/0";
  EXPECT_EQ(busy.text(reading + "/state"), "reading");
  EXPECT_EQ(busy.number(reading + "/thread"), is_first ? 1u : 2u);
  EXPECT_EQ(busy.number(reading + "/connection"), 43u);
  EXPECT_EQ(busy.number(reading + "/bodies"), 0u);
  EXPECT_GE(busy.real(reading + "/since_ms"), 0);
  EXPECT_EQ(busy.text(idle + "/state"), "idle");
  EXPECT_TRUE(busy.is_null(idle + "/connection"));
  ended.set_value();
  EXPECT_EQ(reply.take().status, 200);
  ASSERT_TRUE(eventually([&] { return state().number(reading + "/bodies") == 1; }));
  EXPECT_TRUE(eventually([&] { return state().text(reading + "/state") == "idle"; }));
  EXPECT_EQ(state().number("/heavy_pool/queue_length"), 0u);
}

}  // namespace
}  // namespace ms::api
