#include "api/ingest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <snappy.h>

#include <chrono>
#include <optional>
#include <protozero/pbf_writer.hpp>
#include <semaphore>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "api/scripted_store_testing.h"
#include "base/clock.h"
#include "http/handler.h"

namespace ms::api {
namespace {

using http::Header;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

class RecordingExchange final : public http::Exchange {
 public:
  void complete(http::Response given, uint64_t given_durable_ns) override {
    response = std::move(given);
    durable_ns = given_durable_ns;
    has_come.release();
  }
  void begin_stream(http::Response, std::unique_ptr<http::Stream>) override { ADD_FAILURE(); }

  std::optional<http::Response> response;
  uint64_t durable_ns = 0;
  std::counting_semaphore<> has_come{0};
};

class IngestTest : public testing::Test {
 protected:
  static constexpr int64_t kFutureMs = 2 * 86'400'000;

  IngestTest() {
    limits_.decoded_body_bytes_max = 1 << 20;
    api_.emplace(store_, heavy_, limits_, bodies_, kFutureMs);
    api_->add_routes(router_);
  }

  // Hands the request to its handler; the answer comes to `exchange_`.
  void begin(std::string path, std::string body, std::vector<Header> headers = {}) {
    http::Request request{.method = "POST", .path = std::move(path), .headers = std::move(headers)};
    request.body = std::move(body);
    const auto found = router_.find(request);
    ASSERT_TRUE(std::holds_alternative<const http::Route*>(found));
    std::get<const http::Route*>(found)->handler(request, http::Responder(&exchange_));
  }

  http::Response post(std::string path, std::string body, std::vector<Header> headers = {}) {
    exchange_.response.reset();
    begin(std::move(path), std::move(body), std::move(headers));
    EXPECT_TRUE(exchange_.has_come.try_acquire_for(std::chrono::seconds(30))) << "no answer";
    return exchange_.response.value_or(http::Response{.status = 0});
  }
  http::Response post_json(std::string body, std::vector<Header> headers = {}) {
    return post("/metrics", std::move(body), std::move(headers));
  }
  http::Response post_remote(const std::string& message, std::vector<Header> headers = {}) {
    std::string block;
    snappy::Compress(message.data(), message.size(), &block);
    return post("/api/v1/write", std::move(block), std::move(headers));
  }

  http::Limits limits_;
  ScriptedStore store_;
  ByteBudget bodies_{16u << 20};
  WorkPool heavy_{{.name = "heavy"}};
  std::optional<IngestApi> api_;
  http::Router router_;
  RecordingExchange exchange_;
};

// A remote write message.
class Message {
 public:
  Message& series(std::string_view name, const std::vector<int64_t>& timestamps_ms, std::string_view host = "a") {
    protozero::pbf_writer series(writer_, 1);
    add_label(series, "__name__", name);
    add_label(series, "host", host);
    for (const int64_t timestamp_ms : timestamps_ms) {
      protozero::pbf_writer sample(series, 2);
      sample.add_double(1, 1.5);
      sample.add_int64(2, timestamp_ms);
    }
    return *this;
  }
  Message& metadata(const std::string& metric) {
    protozero::pbf_writer metadata(writer_, 3);
    metadata.add_enum(1, 1);
    metadata.add_string(2, metric);
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  static void add_label(protozero::pbf_writer& series, std::string_view name, std::string_view value) {
    protozero::pbf_writer label(series, 1);
    label.add_string(1, name.data(), name.size());
    label.add_string(2, value.data(), value.size());
  }

  std::string bytes_;
  protozero::pbf_writer writer_{bytes_};
};

TEST_F(IngestTest, JsonThatIsAllTakenAnswers200WithTheNumber) {
  const http::Response response = post_json(
      R"({"metrics":[{"name":"cpu_usage","value":75.5,"type":"gauge","timestamp":1732363200000,"tags":{"host":"a"}},)"
      R"({"name":"up","value":1}]})");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.body, R"({"accepted":2})");
  EXPECT_EQ(exchange_.durable_ns, store_.done_ns);
  ASSERT_THAT(store_.batches, SizeIs(1));
  EXPECT_EQ(store_.batches[0].timestamps_ms.at(0), 1732363200000);
  EXPECT_THAT(store_.batches[0].metadata, SizeIs(1));
}

TEST_F(IngestTest, ASampleWithoutATimestampGetsThatOfItsArrival) {
  const int64_t before_ms = wall_ms();
  post_json(R"({"name":"up","value":1})");
  ASSERT_THAT(store_.batches, SizeIs(1));
  EXPECT_GE(store_.batches[0].timestamps_ms.at(0), before_ms);
  EXPECT_LE(store_.batches[0].timestamps_ms.at(0), wall_ms());
}

TEST_F(IngestTest, JsonThatIsPartlyRejectedAnswers400AndKeepsTheRest) {
  const http::Response response =
      post_json(R"([{"name":"a","value":1},{"name":"","value":1},{"name":"c","value":3},{"name":"d"}])");
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, AllOf(StartsWith(R"({"accepted":2,"rejected":2,"errors":[{"index":1,"error":")"),
                                   HasSubstr(R"("},{"index":3,"error":")"), testing::EndsWith("\"}]}")));
  EXPECT_EQ(exchange_.durable_ns, store_.done_ns);
  ASSERT_THAT(store_.batches, SizeIs(1));
  EXPECT_THAT(store_.batches[0].values, ElementsAre(1, 3));
}

TEST_F(IngestTest, JsonErrorsAreToldForTheFirstTen) {
  std::string body = "[";
  for (int i = 0; i < 15; ++i) body += R"({"name":"a"},)";
  const http::Response response = post_json(body + R"({"name":"a","value":1}])");
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, AllOf(StartsWith(R"({"accepted":1,"rejected":15,)"), HasSubstr("{\"index\":9,"),
                                   testing::Not(HasSubstr("{\"index\":10,"))));
}

TEST_F(IngestTest, SamplesFromTheFutureAreRejected) {
  const int64_t limit_ms = wall_ms() + kFutureMs;
  const auto metric = [](int64_t timestamp_ms) {
    return R"({"name":"a","value":1,"timestamp":)" + std::to_string(timestamp_ms) + "}";
  };
  EXPECT_EQ(post_json(metric(limit_ms - 60'000)).status, 200);
  const http::Response refused = post_json(metric(limit_ms + 60'000));
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, StartsWith(R"({"accepted":0,"rejected":1,"errors":[{"index":0,"error":")"));
  EXPECT_EQ(post_remote(Message().series("a", {limit_ms - 60'000}).bytes()).status, 204);
  EXPECT_EQ(post_remote(Message().series("a", {limit_ms + 60'000}).bytes()).status, 400);
}

TEST_F(IngestTest, WhatIsNoJsonIsRefusedWhole) {
  for (const char* body : {"", "{", "[1]x", "cpu 1", "{\"metrics\":3}"}) {
    const http::Response response = post_json(body);
    EXPECT_EQ(response.status, 400) << body;
    EXPECT_THAT(response.body, StartsWith(R"({"status":"error","errorType":"bad_data","error":")")) << body;
  }
  EXPECT_THAT(store_.batches, IsEmpty());
}

TEST_F(IngestTest, RemoteWriteAnswers204WithoutABody) {
  const http::Response response =
      post_remote(Message().series("up", {1732363200000, 1732363201000}).series("up", {1732363200000}, "b").bytes(),
                  {{"Content-Type", "application/x-protobuf"}, {"Content-Encoding", "snappy"}});
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(exchange_.durable_ns, store_.done_ns);
  ASSERT_THAT(store_.batches, SizeIs(1));
  EXPECT_THAT(store_.batches[0].series, SizeIs(2));
  EXPECT_EQ(store_.batches[0].sample_count(), 3u);
}

TEST_F(IngestTest, RemoteWriteOfMetadataOnlyAnswers204) {
  EXPECT_EQ(post_remote(Message().metadata("up").bytes()).status, 204);
  ASSERT_THAT(store_.batches, SizeIs(1));
  ASSERT_THAT(store_.batches[0].metadata, SizeIs(1));
  EXPECT_EQ(store_.batches[0].metadata[0].metric, "up");
  EXPECT_EQ(post_remote("").status, 204);
}

TEST_F(IngestTest, RemoteWriteThatIsPartlyRejectedNamesTheFirstTenSeries) {
  const int64_t future_ms = wall_ms() + 2 * kFutureMs;
  Message message;
  message.series("good", {1732363200000});
  for (int i = 0; i < 12; ++i) message.series("late", {future_ms});
  const http::Response response = post_remote(message.bytes());
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body,
              AllOf(StartsWith(R"({"status":"error","errorType":"bad_data","error":")"
                               "12 series rejected, all other samples are stored (1); series 1: late{"),
                    HasSubstr("; series 10: "), testing::Not(HasSubstr("; series 11: ")), HasSubstr("; ...\"}")));
  ASSERT_THAT(store_.batches, SizeIs(1));
  EXPECT_EQ(store_.batches[0].sample_count(), 1u);
}

TEST_F(IngestTest, ABodyThatIsNoRemoteWriteIsRefusedWhole) {
  for (const std::string& body : {std::string("not snappy"), std::string("\x80\x80\x04\x00", 4)}) {
    EXPECT_EQ(post("/api/v1/write", body).status, 400) << testing::PrintToString(body);
  }
  EXPECT_EQ(post_remote("\x0a\xff").status, 400);
  EXPECT_THAT(store_.batches, IsEmpty());
}

TEST_F(IngestTest, MediaTypesThatAreNotTakenAnswer415) {
  struct Case {
    const char* path;
    Header header;
    int status;
  };
  for (const Case& c : {
           Case{"/metrics", {"Content-Type", "application/json"}, 200},
           Case{"/metrics", {"content-type", "Application/JSON ; charset=utf-8"}, 200},
           Case{"/metrics", {"Content-Type", "application/x-www-form-urlencoded"}, 200},
           Case{"/metrics", {"Content-Type", "text/plain"}, 200},
           Case{"/metrics", {"Content-Type", "application/xml"}, 415},
           Case{"/metrics", {"Content-Type", "application/jsonx"}, 415},
           Case{"/metrics", {"Content-Encoding", "identity"}, 200},
           Case{"/metrics", {"Content-Encoding", "IDENTITY"}, 200},
           Case{"/metrics", {"Content-Encoding", "br"}, 415},
           Case{"/metrics", {"Content-Encoding", "snappy"}, 415},
           Case{"/metrics", {"Content-Encoding", "gzip, gzip"}, 415},
           Case{"/api/v1/write", {"Content-Type", "application/x-protobuf"}, 204},
           Case{"/api/v1/write", {"Content-Type", "application/x-protobuf;proto=prometheus.WriteRequest"}, 204},
           Case{"/api/v1/write", {"Content-Type", "application/x-protobuf;proto=io.prometheus.write.v2.Request"}, 415},
           Case{"/api/v1/write", {"Content-Type", "application/json"}, 415},
           Case{"/api/v1/write", {"Content-Encoding", "snappy"}, 204},
           Case{"/api/v1/write", {"Content-Encoding", "Snappy"}, 204},
           Case{"/api/v1/write", {"Content-Encoding", "identity"}, 415},
       }) {
    const bool is_json = std::string(c.path) == "/metrics";
    const http::Response response = is_json ? post_json(R"({"name":"up","value":1})", {c.header})
                                            : post_remote(Message().series("up", {1}).bytes(), {c.header});
    EXPECT_EQ(response.status, c.status) << c.path << ' ' << c.header.name << ": " << c.header.value;
    if (c.status == 415) {
      EXPECT_THAT(response.body, HasSubstr(" is not taken here; ")) << c.header.value;
    }
  }
}

TEST_F(IngestTest, AnUnknownCodingIsToldWhichAreTaken) {
  const auto accepted = [](const http::Response& response) {
    EXPECT_EQ(response.status, 415);
    return response.headers.empty() ? Header{} : response.headers.front();
  };
  const Header json = accepted(post_json("{}", {{"Content-Encoding", "br"}}));
  EXPECT_EQ(json.name, "Accept-Encoding");
  EXPECT_EQ(json.value, "identity, gzip, deflate, zstd");
  EXPECT_EQ(accepted(post_remote("", {{"Content-Encoding", "br"}})).value, "snappy, gzip, deflate, zstd");
  accepted(post_json("{}", {{"Content-Encoding", "gzip"}, {"Content-Encoding", "gzip"}}));
}

TEST_F(IngestTest, ABodyThatDecodesToTooMuchAnswers413) {
  const http::Response remote = post_remote(std::string(2 << 20, '\0'));
  EXPECT_EQ(remote.status, 413);
  const http::Response json = post_json(std::string(2 << 20, ' '));
  EXPECT_EQ(json.status, 413);
  EXPECT_THAT(store_.batches, IsEmpty());
}

TEST_F(IngestTest, WhatTheStoreCannotTakeNowAnswers503WithRetryAfter) {
  for (const ErrorCode code : {ErrorCode::kUnavailable, ErrorCode::kIo, ErrorCode::kNoSpace, ErrorCode::kLocked}) {
    store_.write_error = Error{code, "the disk is full"};
    for (const http::Response& response :
         {post_json(R"({"name":"up","value":1})"), post_remote(Message().series("up", {1}).bytes())}) {
      EXPECT_EQ(response.status, 503);
      EXPECT_EQ(response.body, R"({"status":"error","errorType":"unavailable","error":"the disk is full"})");
      ASSERT_THAT(response.headers, SizeIs(1));
      EXPECT_EQ(response.headers[0].name, "Retry-After");
    }
  }
}

TEST_F(IngestTest, NothingIsAnsweredBeforeTheStoreIsDone) {
  store_.holds_writes = true;
  begin("/metrics", R"({"name":"up","value":1})");
  EXPECT_FALSE(exchange_.response.has_value());
  store_.finish_writes();
  ASSERT_TRUE(exchange_.response.has_value());
  EXPECT_EQ(exchange_.response->body, R"({"accepted":1})");
}

}  // namespace
}  // namespace ms::api
