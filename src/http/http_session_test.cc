#include "http/http_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "http/http_service.h"

namespace ms::http {
namespace {

using net::Want;
using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::StartsWith;

class CountingWaker final : public net::SessionWaker {
 public:
  void wake() override { ++wakes; }
  int wakes = 0;
};

// Hands out what the test gives it.
struct Script {
  std::vector<std::string> pieces;  // to come
  bool ends = false;                // behind them
  int streams = 0;                  // that have begun and not been destroyed
};
class ScriptedStream final : public Stream {
 public:
  explicit ScriptedStream(Script& script) : script_(script) { ++script_.streams; }
  ScriptedStream(const ScriptedStream&) = delete;
  ScriptedStream& operator=(const ScriptedStream&) = delete;
  ~ScriptedStream() override { --script_.streams; }

  Next next(net::SessionWaker&, std::shared_ptr<const std::string>& piece) override {
    if (script_.pieces.empty()) return script_.ends ? Next::kEnd : Next::kLater;
    piece = std::make_shared<const std::string>(script_.pieces.front());
    script_.pieces.erase(script_.pieces.begin());
    return Next::kPiece;
  }

 private:
  Script& script_;
};

// A session with no connection under it: the test is the worker, and the client.
class HttpSessionTest : public testing::Test {
 protected:
  HttpSessionTest() {
    limits_.body_bytes_max = 1000;
    limits_.bodies_bytes_max = 1500;
    router_.add({"/echo", {"GET", "POST"}, [](Request& request, Responder responder) {
                   std::move(responder).send({.content_type = "text/plain", .body = request.query + request.body});
                 }});
    router_.add({"/taken", {"GET"}, [](Request& request, Responder responder) {
                   const Request taken = std::move(request);
                   std::move(responder).send({.content_type = "text/plain", .body = taken.query});
                 }});
    router_.add(
        {"/later", {"GET", "PUT"}, [this](Request&, Responder responder) { kept_.emplace(std::move(responder)); }});
    router_.add({"/never", {"GET"}, [](Request&, const Responder&) {}});
    router_.add({"/stream", {"GET"}, [this](Request&, Responder responder) {
                   std::move(responder).stream({.content_type = "text/event-stream", .body = "first"},
                                               std::make_unique<ScriptedStream>(script_));
                 }});
    router_.add({"/who", {"GET"}, [](Request& request, Responder responder) {
                   std::move(responder).send({.body = std::to_string(request.connection)});
                 }});
    router_.add({"/last", {"GET"}, [](Request&, Responder responder) { std::move(responder).send({.close = true}); }});
    service_.emplace(limits_, router_);
    session_ = service_->make({.waker = waker_, .stamps = stamps_});
    stamps_.taken_ns = kTakenNs;
  }

  // Follows what the session wants, as a worker does, until it waits for something; collects what it sends.
  Want follow(Want want) {
    while (true) {
      if (want == Want::kWrite) {
        sent_.emplace_back(session_->output());
        stamps_.complete_ns = stamps_.durable_ns = 0;
        want = session_->on_sent();
      } else if (want == Want::kWriteEnd) {
        sent_.emplace_back(session_->output());
        return Want::kClose;
      } else if (want == Want::kInterim) {
        interim_.emplace_back(session_->output());
        want = session_->on_sent();
      } else if (want == Want::kStream) {
        streamed_ += session_->output();
        want = session_->on_sent();
      } else if (want == Want::kPark && waker_.wakes > 0) {
        --waker_.wakes;
        want = session_->on_wake();
      } else {
        return want;
      }
    }
  }
  Want feed(std::string_view bytes) { return follow(session_->on_bytes(bytes)); }

  uint64_t allowed_ms() const { return (session_->deadline_ns() - kTakenNs) / kNanosPerMilli; }

  static constexpr uint64_t kTakenNs = 5'000'000'000;

  Limits limits_;
  Router router_;
  std::optional<HttpService> service_;
  CountingWaker waker_;
  net::Stamps stamps_;
  std::optional<Responder> kept_;
  Script script_;
  std::unique_ptr<net::Session> session_;
  std::vector<std::string> sent_;
  std::vector<std::string> interim_;
  std::string streamed_;
};

std::string get(std::string_view target, std::string_view headers = "", std::string_view version = "1.1") {
  return "GET " + std::string(target) + " HTTP/" + std::string(version) + "\r\nHost: a\r\n" + std::string(headers) +
         "\r\n";
}

std::string post(std::string_view path, std::string_view body) {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + std::string(body);
}

TEST_F(HttpSessionTest, AnswersAndGoesOnReading) {
  EXPECT_EQ(feed(get("/echo?one")), Want::kRead);
  ASSERT_EQ(sent_.size(), 1u);
  EXPECT_THAT(sent_[0], AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("\r\nContent-Type: text/plain\r\n"),
                              HasSubstr("\r\nContent-Length: 3\r\n"), EndsWith("\r\n\r\none")));
  EXPECT_THAT(sent_[0], Not(HasSubstr("Connection:")));
  EXPECT_EQ(feed(post("/echo", "two")), Want::kRead);
  EXPECT_THAT(sent_.at(1), EndsWith("\r\n\r\ntwo"));
}

TEST_F(HttpSessionTest, TakesARequestByteByByte) {
  const std::string request = post("/echo", "body");
  for (size_t i = 0; i < request.size(); ++i) {
    EXPECT_THAT(sent_, IsEmpty());
    EXPECT_EQ(feed(request.substr(i, 1)), Want::kRead);
  }
  EXPECT_THAT(sent_, ElementsAre(EndsWith("\r\n\r\nbody")));
}

TEST_F(HttpSessionTest, PipelinedRequestsAreAnsweredInOrder) {
  EXPECT_EQ(feed(get("/echo?1") + post("/echo", "2") + get("/later") + get("/echo?4") + "GET /ec"), Want::kPark);
  EXPECT_THAT(sent_, ElementsAre(EndsWith("\r\n\r\n1"), EndsWith("\r\n\r\n2")));
  std::move(*kept_).send({.body = "3"});
  EXPECT_EQ(follow(Want::kPark), Want::kRead);
  EXPECT_THAT(sent_, ElementsAre(EndsWith("1"), EndsWith("2"), EndsWith("\r\n\r\n3"), EndsWith("\r\n\r\n4")));
  EXPECT_EQ(feed("ho?5 HTTP/1.1\r\nHost: a\r\n\r\n"), Want::kRead);
  EXPECT_THAT(sent_.at(4), EndsWith("\r\n\r\n5"));
}

TEST_F(HttpSessionTest, AHandlerMayAnswerLater) {
  EXPECT_EQ(feed(get("/later")), Want::kPark);
  EXPECT_EQ(waker_.wakes, 0);
  EXPECT_GT(stamps_.complete_ns, 0u);
  std::move(*kept_).send({.body = "at last"}, 77);
  EXPECT_EQ(waker_.wakes, 1);
  EXPECT_EQ(stamps_.durable_ns, 77u);
  EXPECT_EQ(follow(Want::kPark), Want::kRead);
  EXPECT_THAT(sent_, ElementsAre(EndsWith("at last")));
}

TEST_F(HttpSessionTest, AHandlerThatForgetsToAnswerAnswers500) {
  EXPECT_EQ(feed(get("/never")), Want::kRead);
  EXPECT_THAT(sent_, ElementsAre(StartsWith("HTTP/1.1 500 ")));
}

TEST_F(HttpSessionTest, HeadStaysHeadWhenTheHandlerTakesTheRequestApart) {
  EXPECT_EQ(feed("HEAD /taken?one HTTP/1.1\r\nHost: a\r\n\r\n"), Want::kRead);
  ASSERT_EQ(sent_.size(), 1u);
  EXPECT_THAT(sent_[0], HasSubstr("Content-Length: 3\r\n"));
  EXPECT_THAT(sent_[0], testing::EndsWith("\r\n\r\n"));
}

TEST_F(HttpSessionTest, HeadIsAnsweredWithoutTheBody) {
  EXPECT_EQ(feed("HEAD /echo?one HTTP/1.1\r\nHost: a\r\n\r\n"), Want::kRead);
  EXPECT_THAT(sent_, ElementsAre(AllOf(HasSubstr("Content-Length: 3\r\n"), EndsWith("\r\n\r\n"))));
}

TEST_F(HttpSessionTest, TheConnectionStaysOrEndsAsTheClientAsks) {
  struct Case {
    std::string request;
    Want want;
    const char* header;
  };
  for (const Case& c : {
           Case{get("/echo", "Connection: close\r\n"), Want::kClose, "\r\nConnection: close\r\n"},
           Case{get("/echo", "", "1.0"), Want::kClose, "\r\nConnection: close\r\n"},
           Case{get("/echo", "Connection: keep-alive\r\n", "1.0"), Want::kRead, "\r\nConnection: keep-alive\r\n"},
           Case{get("/echo", "Connection: close\r\n") + "more", Want::kLinger, "\r\nConnection: close\r\n"},
           Case{get("/last"), Want::kLinger, "\r\nConnection: close\r\n"},
       }) {
    session_ = service_->make({.waker = waker_, .stamps = stamps_});
    sent_.clear();
    EXPECT_EQ(feed(c.request), c.want) << c.request;
    EXPECT_THAT(sent_, ElementsAre(HasSubstr(c.header))) << c.request;
  }
}

TEST_F(HttpSessionTest, WhatIsRefusedBeforeItsBodyLingers) {
  struct Case {
    const char* request;
    int status;
  };
  for (const Case& c : {
           Case{"POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\nabc", 404},
           Case{"POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\n", 405},
           Case{"BREW /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\n", 501},
           Case{"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\nabc", 413},
           Case{"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\nabcde", 400},
           Case{"GET /echo HTTP/1.1\r\n\r\n", 400},
           Case{"GET /echo HTTP/3.0\r\nHost: a\r\n\r\n", 505},
           Case{"\x16\x03\x01\x02\r\n\r\n", 400},
       }) {
    session_ = service_->make({.waker = waker_, .stamps = stamps_});
    sent_.clear();
    EXPECT_EQ(feed(c.request), Want::kLinger) << c.request;
    EXPECT_THAT(sent_, ElementsAre(AllOf(StartsWith("HTTP/1.1 " + std::to_string(c.status)),
                                         HasSubstr("\r\nConnection: close\r\n"),
                                         HasSubstr("{\"status\":\"error\",\"errorType\":"))))
        << c.request;
  }
}

TEST_F(HttpSessionTest, AnUnroutedRequestThatIsAllReadKeepsTheConnection) {
  EXPECT_EQ(feed(get("/nowhere") + get("/echo?on")), Want::kRead);
  EXPECT_THAT(sent_, ElementsAre(StartsWith("HTTP/1.1 404 "), EndsWith("on")));
}

TEST_F(HttpSessionTest, TheEndOfInputIsTheEnd) {
  EXPECT_EQ(session_->on_end_of_input(), Want::kClose);
  EXPECT_EQ(feed("GET /ec"), Want::kRead);
  EXPECT_EQ(session_->on_end_of_input(), Want::kClose);
}

TEST_F(HttpSessionTest, IsIdleBetweenRequestsOnly) {
  EXPECT_FALSE(session_->is_idle());
  feed(get("/echo"));
  EXPECT_TRUE(session_->is_idle());
  feed("\r\n");
  EXPECT_TRUE(session_->is_idle());
  feed("G");
  EXPECT_FALSE(session_->is_idle());
}

TEST_F(HttpSessionTest, AHeaderHasTenSecondsFromItsFirstBytes) {
  EXPECT_EQ(allowed_ms(), 10'000u);
  feed("GET /echo HTTP/1.1\r\n");
  EXPECT_EQ(allowed_ms(), 10'000u);
  EXPECT_EQ(follow(session_->on_deadline()), Want::kLinger);
  EXPECT_THAT(sent_, ElementsAre(AllOf(StartsWith("HTTP/1.1 408 "), HasSubstr("the header took too long"))));
}

TEST_F(HttpSessionTest, TheNextRequestHasSeventyFiveSecondsToBegin) {
  feed(get("/echo"));
  EXPECT_EQ(allowed_ms(), 75'000u);
  sent_.clear();
  EXPECT_EQ(follow(session_->on_deadline()), Want::kClose);
  EXPECT_THAT(sent_, IsEmpty());
}

TEST_F(HttpSessionTest, ABodyHasTenSecondsAndMoreAsItComes) {
  limits_.body_bytes_max = limits_.bodies_bytes_max = 64u << 20;
  HttpService service(limits_, router_);
  session_ = service.make({.waker = waker_, .stamps = stamps_});
  const uint64_t before_ns = monotonic_ns();
  feed("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 60000000\r\n\r\n");
  const uint64_t after_ns = monotonic_ns();
  const uint64_t first_ns = session_->deadline_ns();
  EXPECT_GE(first_ns, before_ns + 10 * kNanosPerSecond);
  EXPECT_LE(first_ns, after_ns + 10 * kNanosPerSecond);
  feed(std::string(64 * 1024, 'x'));
  EXPECT_EQ(session_->deadline_ns(), first_ns + kNanosPerSecond);
  feed(std::string(50'000'000, 'x'));
  EXPECT_EQ(session_->deadline_ns(), first_ns + 590 * kNanosPerSecond) << "ten minutes at most";
  EXPECT_EQ(follow(session_->on_deadline()), Want::kLinger);
  EXPECT_THAT(sent_, ElementsAre(AllOf(StartsWith("HTTP/1.1 408 "), HasSubstr("the body took too long"))));
  session_.reset();
}

TEST_F(HttpSessionTest, ABodyThatTricklesInChunksGetsNoMoreTimeForItsChunks) {
  feed("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  const uint64_t first_ns = session_->deadline_ns();
  for (int i = 0; i < 100; ++i) feed("1;extension=of-some-length\r\nx\r\n");
  EXPECT_LE(session_->deadline_ns(), first_ns + 2 * kNanosPerMilli) << "100 bytes at 64 KiB a second";
  EXPECT_EQ(follow(session_->on_deadline()), Want::kLinger);
  EXPECT_THAT(sent_, ElementsAre(AllOf(StartsWith("HTTP/1.1 408 "), HasSubstr("the body took too long"))));
}

TEST_F(HttpSessionTest, AClientThatExpectsItIsToldToSendItsBody) {
  EXPECT_EQ(feed("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-Continue\r\n\r\n"), Want::kRead);
  EXPECT_THAT(interim_, ElementsAre("HTTP/1.1 100 Continue\r\n\r\n"));
  EXPECT_THAT(sent_, IsEmpty());
  EXPECT_EQ(session_->reply_code(), 0);
  EXPECT_FALSE(session_->is_idle());
  EXPECT_EQ(feed("one"), Want::kRead);
  EXPECT_THAT(sent_, ElementsAre(EndsWith("\r\n\r\none")));
  EXPECT_EQ(feed("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"),
            Want::kRead);
  EXPECT_THAT(interim_, testing::SizeIs(2));
  EXPECT_EQ(feed("3\r\ntwo\r\n0\r\n\r\n"), Want::kRead);
  EXPECT_THAT(sent_.at(1), EndsWith("\r\n\r\ntwo"));
  EXPECT_THAT(interim_, testing::SizeIs(2));
}

TEST_F(HttpSessionTest, NoOneIsToldToSendWhatHasComeOrWillNotCome) {
  const std::string expect = "\r\nHost: a\r\nExpect: 100-continue\r\n";
  feed("POST /echo HTTP/1.1" + expect + "Content-Length: 3\r\n\r\no");
  feed("ne");
  feed("POST /echo HTTP/1.1" + expect + "Content-Length: 0\r\n\r\n");
  feed("GET /echo?three HTTP/1.1" + expect + "\r\n");
  feed("POST /echo HTTP/1.0" + expect + "Content-Length: 4\r\n\r\n");
  feed("four");
  EXPECT_THAT(interim_, IsEmpty());
  EXPECT_THAT(sent_, ElementsAre(EndsWith("one"), EndsWith("\r\n\r\n"), EndsWith("three"), EndsWith("four")));
}

TEST_F(HttpSessionTest, ARefusalComesInThePlaceOfTheWordToGoOn) {
  struct Case {
    const char* request;
    int status;
  };
  for (const Case& c : {
           Case{"POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n", 404},
           Case{"DELETE /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n", 405},
           Case{"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n", 413},
           Case{"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 200-ok\r\n\r\n", 417},
           Case{"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\nExpect: 200-ok\r\n\r\n",
                417},
           Case{"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect:\r\nExpect: 200-ok\r\n\r\n", 417},
           Case{"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 901\r\nExpect: 100-continue\r\n\r\n", 503},
       }) {
    ByteBudget::Charge others(service_->bodies());
    ASSERT_TRUE(others.try_grow(600));
    session_ = service_->make({.waker = waker_, .stamps = stamps_});
    sent_.clear();
    EXPECT_EQ(feed(c.request), Want::kLinger) << c.request;
    EXPECT_THAT(sent_, ElementsAre(StartsWith("HTTP/1.1 " + std::to_string(c.status)))) << c.request;
  }
  EXPECT_THAT(interim_, IsEmpty());
}

TEST_F(HttpSessionTest, AnExpectationWithoutABodyKeepsTheConnectionWhenItIsRefused) {
  EXPECT_EQ(feed(get("/echo", "Expect: wonders\r\n") + get("/echo?on")), Want::kRead);
  EXPECT_THAT(sent_, ElementsAre(StartsWith("HTTP/1.1 417 Expectation Failed\r\n"), EndsWith("on")));
}

TEST_F(HttpSessionTest, BytesOfABodyAreChargedAsTheyComeAndGivenBackWithTheAnswer) {
  const ByteBudget& bodies = service_->bodies();
  feed("PUT /later HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
  EXPECT_EQ(bodies.bytes(), 0u) << "what is only declared costs nothing";
  feed(std::string(400, 'x'));
  EXPECT_EQ(bodies.bytes(), 400u);
  feed(std::string(600, 'x'));
  EXPECT_EQ(bodies.bytes(), 1000u);
  std::move(*kept_).send({});
  EXPECT_EQ(follow(Want::kPark), Want::kRead);
  EXPECT_EQ(bodies.bytes(), 0u);
  feed("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n");
  EXPECT_EQ(bodies.bytes(), 2u);
  session_.reset();
  EXPECT_EQ(bodies.bytes(), 0u) << "a client that leaves gives back, too";
}

TEST_F(HttpSessionTest, WhereTheBodiesBytesAreUsedUpTheRequestIsRefusedAndTheConnectionEnds) {
  std::optional<ByteBudget::Charge> others(service_->bodies());
  ASSERT_TRUE(others->try_grow(1400));
  EXPECT_EQ(feed(get("/echo?small")), Want::kRead) << "without a body there is nothing to refuse";
  EXPECT_EQ(feed(post("/echo", std::string(100, 'x'))), Want::kRead);
  sent_.clear();
  EXPECT_EQ(feed(post("/echo", std::string(101, 'x'))), Want::kLinger);
  ASSERT_EQ(sent_.size(), 1u);
  EXPECT_THAT(sent_[0], AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("\r\nRetry-After: 5\r\n"),
                              HasSubstr("\r\nConnection: close\r\n")));
  EXPECT_EQ(service_->bodies().refusals(), 1u);
  EXPECT_EQ(service_->bodies().bytes(), 1400u);

  session_ = service_->make({.waker = waker_, .stamps = stamps_});
  feed("PUT /later HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n" + std::string(90, 'x'));
  EXPECT_EQ(feed(std::string(11, 'x')), Want::kLinger) << "in the middle of a body";
  EXPECT_THAT(sent_.at(1), StartsWith("HTTP/1.1 503 "));

  others.reset();
  session_ = service_->make({.waker = waker_, .stamps = stamps_});
  EXPECT_EQ(feed(post("/echo", std::string(1000, 'x'))), Want::kRead);
}

TEST_F(HttpSessionTest, ARefusedRequestWhoseBodyIsAllHereKeepsTheConnection) {
  EXPECT_EQ(feed(post("/nowhere", "body") + get("/echo?on")), Want::kRead);
  EXPECT_THAT(sent_, ElementsAre(StartsWith("HTTP/1.1 404 "), EndsWith("on")));
  EXPECT_EQ(feed("POST /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab"), Want::kClose)
      << "nothing is unread, and nothing more will come";
}

TEST_F(HttpSessionTest, AStopEndsTheConnectionWithTheReply) {
  feed(get("/echo"));
  feed(get("/later"));
  service_->begin_stop();
  std::move(*kept_).send({.body = "last"});
  EXPECT_EQ(follow(Want::kPark), Want::kLinger) << "the client did not ask for the end, and may have sent more";
  EXPECT_THAT(sent_, ElementsAre(Not(HasSubstr("Connection: close")), HasSubstr("\r\nConnection: close\r\n")));
}

TEST_F(HttpSessionTest, AStreamGoesOnBehindItsReplyInChunks) {
  EXPECT_EQ(feed(get("/stream")), Want::kPark);
  EXPECT_THAT(sent_,
              ElementsAre(AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("\r\nContent-Type: text/event-stream\r\n"),
                                HasSubstr("\r\nTransfer-Encoding: chunked\r\n"), HasSubstr("\r\nConnection: close\r\n"),
                                Not(HasSubstr("Content-Length")), EndsWith("\r\n\r\n5\r\nfirst\r\n"))));
  EXPECT_FALSE(session_->is_idle());
  EXPECT_EQ(session_->reply_code(), 200);
  script_.pieces = {"second", std::string(300, 'x')};
  waker_.wake();
  EXPECT_EQ(follow(Want::kPark), Want::kPark);
  EXPECT_EQ(streamed_, "6\r\nsecond\r\n12c\r\n" + std::string(300, 'x') + "\r\n");
  EXPECT_THAT(service_->responses(), ElementsAre(Pair(200, 1)));
}

TEST_F(HttpSessionTest, AStreamThatEndsEndsItsConnection) {
  script_ = {.pieces = {"second"}, .ends = true};
  EXPECT_EQ(feed(get("/stream") + get("/echo")), Want::kLinger);
  EXPECT_EQ(streamed_, "6\r\nsecond\r\n0\r\n\r\n");
  EXPECT_EQ(sent_.size(), 1u);
  EXPECT_EQ(script_.streams, 0);
}

TEST_F(HttpSessionTest, AStopEndsAStreamWhateverItHas) {
  EXPECT_EQ(feed(get("/stream", "Connection: close\r\n")), Want::kPark);
  script_.pieces = {"second"};
  service_->begin_stop();
  waker_.wake();
  EXPECT_EQ(follow(Want::kPark), Want::kLinger);
  EXPECT_EQ(streamed_, "0\r\n\r\n");
}

TEST_F(HttpSessionTest, AStreamToAnOldClientEndsWithItsConnection) {
  script_ = {.pieces = {"second"}, .ends = true};
  EXPECT_EQ(feed(get("/stream", "Connection: keep-alive\r\n", "1.0")), Want::kLinger);
  EXPECT_THAT(sent_, ElementsAre(AllOf(Not(HasSubstr("chunked")), Not(HasSubstr("Content-Length")),
                                       HasSubstr("\r\nConnection: close\r\n"), EndsWith("\r\n\r\nfirst"))));
  EXPECT_EQ(streamed_, "second");
}

TEST_F(HttpSessionTest, HeadIsAnsweredWithoutAStream) {
  EXPECT_EQ(feed("HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n"), Want::kLinger);
  EXPECT_THAT(sent_, ElementsAre(AllOf(HasSubstr("\r\nTransfer-Encoding: chunked\r\n"), EndsWith("\r\n\r\n"))));
  EXPECT_EQ(streamed_, "");
  EXPECT_EQ(script_.streams, 0);
}

TEST_F(HttpSessionTest, AStreamEndsWithItsFirstPieceWhereAConnectionIsForOneRequest) {
  session_ = service_->make({.waker = waker_, .stamps = stamps_, .is_single_request = true});
  EXPECT_EQ(feed(get("/stream")), Want::kPark);
  script_.pieces = {"second", "third"};
  waker_.wake();
  EXPECT_EQ(follow(Want::kPark), Want::kLinger);
  EXPECT_EQ(streamed_, "6\r\nsecond\r\n0\r\n\r\n");
}

TEST_F(HttpSessionTest, AStreamGoesWithItsSession) {
  feed(get("/stream"));
  EXPECT_EQ(script_.streams, 1);
  session_.reset();
  EXPECT_EQ(script_.streams, 0);
}

TEST_F(HttpSessionTest, ARequestKnowsItsConnection) {
  session_ = service_->make({.waker = waker_, .stamps = stamps_, .connection = 12});
  feed(get("/who") + get("/who"));
  EXPECT_THAT(sent_, ElementsAre(EndsWith("\r\n\r\n12"), EndsWith("\r\n\r\n12")));
}

TEST_F(HttpSessionTest, RoutesMayChangeWhileTheServiceRuns) {
  Router next;
  next.add({"/new", {"GET"}, [](Request&, Responder responder) { std::move(responder).send({}); }});
  feed("GET /echo HTTP/1.1\r\n");
  service_->route_by(next);
  feed("Host: a\r\n\r\n");
  feed(get("/new"));
  EXPECT_THAT(sent_, ElementsAre(StartsWith("HTTP/1.1 404 "), StartsWith("HTTP/1.1 200 ")));
}

TEST_F(HttpSessionTest, ResponsesAreCountedByStatus) {
  feed(get("/echo") + get("/echo") + get("/nowhere") + "nonsense\r\n\r\n");
  EXPECT_THAT(service_->responses(), ElementsAre(Pair(200, 2), Pair(400, 1), Pair(404, 1)));
}

TEST(HttpServiceTest, TheRefusalIsAWholeResponse) {
  const Router router;
  const HttpService service(Limits{}, router);
  const std::string refusal(service.refusal());
  const size_t body = refusal.find("\r\n\r\n") + 4;
  EXPECT_THAT(refusal, AllOf(StartsWith("HTTP/1.1 503 Service Unavailable\r\n"), HasSubstr("\r\nRetry-After: 5\r\n"),
                             HasSubstr("\r\nConnection: close\r\n"),
                             HasSubstr("\r\nContent-Length: " + std::to_string(refusal.size() - body) + "\r\n")));
  EXPECT_THAT(refusal.substr(body), StartsWith("{\"status\":\"error\",\"errorType\":\"unavailable\",\"error\":"));
}

TEST(HttpServiceTest, RetryLaterAsksToComeBack) {
  const Response response = retry_later("no room");
  EXPECT_EQ(response.status, 503);
  ASSERT_EQ(response.headers.size(), 1u);
  EXPECT_EQ(response.headers[0].name, "Retry-After");
  EXPECT_EQ(response.headers[0].value, "5");
  EXPECT_EQ(response.body, R"({"status":"error","errorType":"unavailable","error":"no room"})");
}

}  // namespace
}  // namespace ms::http
