// HTTP at the front door, as its clients speak it: what is answered, what is refused and how.

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/content_coding_testing.h"
#include "support/http_client.h"
#include "support/json_error.h"
#include "support/server_process.h"
#include "support/socket.h"
#include "support/wait.h"

namespace ms::test {
namespace {

constexpr size_t kTooLargeBytes = 33u << 20;

class Http : public testing::Test {
 protected:
  explicit Http(ServerOptions options = {}) : server_(std::move(options)) {}

  void SetUp() override { ASSERT_TRUE(server_.start()); }

  ServerProcess server_;
};

TEST_F(Http, HundredPipelinedRequestsAreAnsweredInOrder) {
  std::string requests;
  for (int i = 0; i < 100; ++i) requests += request_text("GET", "/api/v1/query?query=" + std::to_string(1000 + i));
  ClientResult<HttpClient> client = HttpClient::connect(server_.endpoint());
  ASSERT_TRUE(client) << client.error().message;
  ASSERT_TRUE(client->send(requests));
  for (int i = 0; i < 100; ++i) {
    const ClientResult<HttpReply> reply = client->read_reply();
    ASSERT_TRUE(reply) << i << ": " << reply.error().message;
    ASSERT_EQ(reply->status, 200);
    const std::string value = '"' + std::to_string(1000 + i) + '"';
    ASSERT_NE(reply->body.find(value), std::string::npos) << i << ": " << reply->body;
  }
}

// Writes wait for their commit without a thread; their replies keep the order of the requests all the same.
TEST_F(Http, PipelinedWritesAndReadsAreAnsweredInOrder) {
  std::string requests;
  for (int i = 0; i < 50; ++i) {
    requests += json_write_text(R"({"name":"pipelined","value":1,"tags":{"n":")" + std::to_string(i) + R"("}})");
    requests += request_text("GET", "/api/v1/query?query=" + std::to_string(1000 + i));
  }
  ClientResult<HttpClient> client = HttpClient::connect(server_.endpoint());
  ASSERT_TRUE(client) << client.error().message;
  ASSERT_TRUE(client->send(requests));
  for (int i = 0; i < 50; ++i) {
    const ClientResult<HttpReply> written = client->read_reply();
    ASSERT_TRUE(written) << i << ": " << written.error().message;
    ASSERT_EQ(written->body, R"({"accepted":1})");
    const ClientResult<HttpReply> read = client->read_reply();
    ASSERT_TRUE(read) << i << ": " << read.error().message;
    ASSERT_NE(read->body.find('"' + std::to_string(1000 + i) + '"'), std::string::npos) << i << ": " << read->body;
  }
}

TEST_F(Http, HeadIsAnsweredLikeGetWithoutTheBody) {
  ClientResult<HttpClient> client = HttpClient::connect(server_.endpoint());
  ASSERT_TRUE(client) << client.error().message;
  const ClientResult<HttpReply> got = client->request(request_text("GET", "/health"));
  const ClientResult<HttpReply> head = client->request(request_text("HEAD", "/health"), ReplyTo::kHead);
  const ClientResult<HttpReply> again = client->request(request_text("GET", "/health"));
  ASSERT_TRUE(got && head && again);
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->header("Content-Length"), got->header("Content-Length"));
  EXPECT_EQ(again->body, got->body);
}

TEST_F(Http, AChunkedBodyIsTakenLikeAnyOther) {
  const ClientResult<HttpReply> reply =
      fetch(server_.endpoint(),
            "POST /metrics HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            "a\r\n{\"name\":\"c\r\nc;extension=1\r\nhunk\",\"value\r\n4\r\n\":1}\r\n0\r\nTrailer: x\r\n\r\n");
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->body, R"({"accepted":1})");
}

TEST_F(Http, AnHttp10ClientGetsItsReplyAndThenTheEnd) {
  ClientResult<HttpClient> client = HttpClient::connect(server_.endpoint());
  ASSERT_TRUE(client) << client.error().message;
  const ClientResult<HttpReply> reply = client->request("GET /health HTTP/1.0\r\n\r\n");
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->status, 200);
  EXPECT_TRUE(client->read_end());
}

struct Refusal {
  std::string request;
  int status;
};

TEST_F(Http, EachFaultIsRefusedWithItsStatusAndWhyInJson) {
  const std::string long_text(9 * 1024, 'a');
  std::string many_headers;
  for (int i = 0; i < 101; ++i) many_headers += "X-" + std::to_string(i) + ": 1\r\n";
  const std::vector<Refusal> refusals = {
      {request_text("GET", "/no/such/path"), 404},
      {request_text("DELETE", "/health"), 405},
      {request_text("GET", "/api/v1/write"), 405},
      {"GET /" + long_text + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
      {"GET /health HTTP/1.1\r\nHost: a\r\nX-Long: " + long_text + "\r\n\r\n", 431},
      {"GET /health HTTP/1.1\r\nHost: a\r\n" + many_headers + "\r\n", 431},
      {json_write_text(R"({"name":"a","value":1})", {{"Content-Encoding", "br"}}), 415},
      {"POST /metrics HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
      {request_text("BREW", "/health"), 501},
      {"GET /health HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"GET /health HTTP/1.1\r\n\r\n", 400},
      {"GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"GET /health HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\n\r\n", 400},
      {"GET /health HTTP/1.1\nHost: a\n\n", 400},
      {"POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 2, 2\r\n\r\n{}", 400},
      {"POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400},
      {"POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"POST /metrics HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
      {json_write_text("{"), 400},
      {remote_write_text("not snappy"), 400},
      {request_text("GET", "/api/v1/query?query=%28"), 400},
      {request_text("GET", "/api/v1/query?query=sum%28up%29"), 422},
  };
  for (const Refusal& refusal : refusals) {
    SCOPED_TRACE(refusal.request.substr(0, 100));
    const ClientResult<HttpReply> reply = fetch(server_.endpoint(), refusal.request);
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->status, refusal.status) << reply->body;
    EXPECT_TRUE(is_json_error(*reply));
  }
}

TEST_F(Http, AMethodThatAPathDoesNotTakeIsToldWhichItTakes) {
  const ClientResult<HttpReply> reply = fetch(server_.endpoint(), request_text("DELETE", "/metrics"));
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->status, 405);
  for (const char* method : {"GET", "HEAD", "POST"}) {
    EXPECT_NE(reply->header("Allow").find(method), std::string_view::npos) << reply->header("Allow");
  }
}

TEST_F(Http, ABodyThatIsTooLargeIsRefusedBeforeItIsSent) {
  ClientResult<HttpClient> client = HttpClient::connect(server_.endpoint());
  ASSERT_TRUE(client) << client.error().message;
  const ClientResult<HttpReply> reply = client->request(
      "POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(kTooLargeBytes) + "\r\n\r\n");
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->status, 413);
  EXPECT_EQ(reply->header("Connection"), "close");
  EXPECT_TRUE(is_json_error(*reply));
  EXPECT_TRUE(client->read_end());
}

// Both a client that looks for an early reply while it sends, and one that sends everything first, read the 413: no
// reset comes before.
TEST_F(Http, AClientThatSendsATooLargeBodyReadsThe413) {
  const std::string request = json_write_text(std::string(kTooLargeBytes, ' '));
  const ClientResult<HttpReply> early = fetch(server_.endpoint(), request);
  ASSERT_TRUE(early) << early.error().message;
  EXPECT_EQ(early->status, 413);

  ClientResult<HttpClient> client = HttpClient::connect(server_.endpoint());
  ASSERT_TRUE(client) << client.error().message;
  const ClientResult<void> sent = client->send(request);
  ASSERT_TRUE(sent) << sent.error().message;
  const ClientResult<HttpReply> late = client->read_reply();
  ASSERT_TRUE(late) << late.error().message;
  EXPECT_EQ(late->status, 413);
  EXPECT_TRUE(client->read_end());
}

// The header of a JSON write whose body follows, or not.
std::string json_header(const std::string& more) { return "POST /metrics HTTP/1.1\r\nHost: a\r\n" + more + "\r\n\r\n"; }

TEST_F(Http, AClientThatExpectsItIsToldToSendItsBody) {
  const std::string body = R"({"name":"expected","value":1})";
  ClientResult<HttpClient> client = HttpClient::connect(server_.endpoint());
  ASSERT_TRUE(client) << client.error().message;
  for (int i = 0; i < 2; ++i) {
    const ClientResult<HttpReply> go_on =
        client->request(json_header("Expect: 100-continue\r\nContent-Length: " + std::to_string(body.size())));
    ASSERT_TRUE(go_on) << go_on.error().message;
    EXPECT_EQ(go_on->status, 100);
    const ClientResult<HttpReply> reply = client->request(body);
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->status, 200) << reply->body;
  }
}

TEST_F(Http, AnExpectingClientIsToldAtOnceWhyItNeedNotSendItsBody) {
  const std::vector<Refusal> refusals = {
      {json_header("Expect: 100-continue\r\nContent-Length: " + std::to_string(kTooLargeBytes)), 413},
      {json_header("Expect: more\r\nContent-Length: 10"), 417},
      {"POST /nowhere HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n", 404},
  };
  for (const Refusal& refusal : refusals) {
    const ClientResult<HttpReply> reply = fetch(server_.endpoint(), refusal.request);
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->status, refusal.status);
    EXPECT_TRUE(is_json_error(*reply));
  }
}

std::string to_hex(size_t number) {
  char digits[17];
  std::snprintf(digits, sizeof digits, "%zx", number);
  return digits;
}

TEST_F(Http, ALargeCompressedBodyInChunksIsTaken) {
  std::string body = "[";
  for (uint32_t i = 0; i < 3000; ++i) {
    body += R"({"name":"many","value":)" + std::to_string(i * 2654435761u) + R"(,"tags":{"n":")" + std::to_string(i) +
            "\"}},";
  }
  body.back() = ']';
  for (const http::ContentCoding coding : {http::ContentCoding::kGzip, http::ContentCoding::kZstd}) {
    const std::string encoded = http::encode(coding, body);
    ASSERT_GT(encoded.size(), 20u * 1024);
    const std::string name = coding == http::ContentCoding::kGzip ? "gzip" : "zstd";
    std::string request = json_header("Content-Encoding: " + name + "\r\nTransfer-Encoding: chunked");
    for (size_t i = 0; i < encoded.size(); i += 1000) {
      const std::string chunk = encoded.substr(i, 1000);
      request += to_hex(chunk.size()) + "\r\n" + chunk + "\r\n";
    }
    const ClientResult<HttpReply> reply = fetch(server_.endpoint(), request + "0\r\n\r\n");
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->status, 200);
    EXPECT_EQ(reply->body, R"({"accepted":3000})") << name;
  }
}

// Both kinds of body at a byte every fifth of a second: ten seconds, and what the bytes themselves are worth, are all
// that they get.
TEST_F(Http, ABodyThatTricklesIsGivenUp) {
  struct Trickle {
    std::string header;
    std::string piece;
  };
  const auto send_until_answered = [this](const Trickle& trickle) -> ClientResult<HttpReply> {
    ClientResult<HttpClient> client = HttpClient::connect(server_.endpoint(), milliseconds(200));
    if (!client) return std::unexpected(client.error());
    if (const auto sent = client->send(trickle.header); !sent) return std::unexpected(sent.error());
    for (int i = 0; i < 100; ++i) {
      ClientResult<HttpReply> reply = client->request(trickle.piece);
      if (reply || reply.error().kind != ConnectionFailure::kTimeout) return reply;
    }
    return std::unexpected(ClientError{ConnectionFailure::kTimeout, "no reply in twenty seconds"});
  };
  std::vector<std::future<ClientResult<HttpReply>>> replies;
  for (const Trickle& trickle : {Trickle{json_header("Content-Length: 1000"), " "},
                                 Trickle{json_header("Transfer-Encoding: chunked"), "1\r\n \r\n"}}) {
    replies.push_back(std::async(std::launch::async, send_until_answered, trickle));
  }
  for (auto& future : replies) {
    const ClientResult<HttpReply> reply = future.get();
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->status, 408);
  }
}

// Its limits shrink with its memory: 64 MiB for bodies in hand, of which one may take 8 MiB, as it comes and decoded.
class HttpWithLittleMemory : public Http {
 protected:
  HttpWithLittleMemory() : Http({.flags = {"--memory-limit", "256MiB"}}) {}

  // What bodies take, by the server's own account.
  double body_bytes() const {
    constexpr std::string_view kName = "\nmetricstream_body_bytes ";
    const ClientResult<HttpReply> page = get(server_.endpoint(), "/metrics");
    const size_t at = page ? page->body.find(kName) : std::string::npos;
    return at == std::string::npos ? -1 : std::strtod(page->body.c_str() + at + kName.size(), nullptr);
  }
};

TEST_F(HttpWithLittleMemory, ABodyThatBecomesTooLargeAnswers413) {
  const std::string bomb(40u << 20, ' ');
  for (const http::ContentCoding coding : {http::ContentCoding::kGzip, http::ContentCoding::kZstd}) {
    const std::string name = coding == http::ContentCoding::kGzip ? "gzip" : "zstd";
    const ClientResult<HttpReply> reply =
        fetch(server_.endpoint(), json_write_text(http::encode(coding, bomb), {{"Content-Encoding", name}}));
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->status, 413);
    EXPECT_TRUE(is_json_error(*reply));
  }
}

TEST_F(HttpWithLittleMemory, WhereBodiesTakeAllThatThereIsFurtherOnesAreRefusedUntilTheyEnd) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "ThreadSanitizer's own memory counts toward the limit";
#endif
  constexpr size_t kEach = (8u << 20) - 1;
  const std::string small = json_write_text(R"({"name":"small","value":1})");
  {
    std::vector<HttpClient> slow;
    for (int i = 0; i < 8; ++i) {
      ClientResult<HttpClient> client = HttpClient::connect(server_.endpoint());
      ASSERT_TRUE(client) << client.error().message;
      ASSERT_TRUE(client->send(json_header("Content-Length: " + std::to_string(kEach + 1)) + std::string(kEach, ' ')));
      slow.push_back(std::move(*client));
    }
    ASSERT_TRUE(wait_until(seconds(20), [&] { return body_bytes() == 8.0 * kEach; })) << body_bytes();
    ClientResult<HttpClient> client = HttpClient::connect(server_.endpoint());
    ASSERT_TRUE(client) << client.error().message;
    const ClientResult<HttpReply> refused = client->request(small);
    ASSERT_TRUE(refused) << refused.error().message;
    EXPECT_EQ(refused->status, 503);
    EXPECT_FALSE(refused->header("Retry-After").empty());
    EXPECT_TRUE(is_json_error(*refused));
    EXPECT_TRUE(client->read_end());
  }
  EXPECT_TRUE(wait_until(seconds(20), [&] { return body_bytes() == 0; })) << body_bytes();
  const ClientResult<HttpReply> reply = fetch(server_.endpoint(), small);
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->status, 200) << reply->body;
}

TEST(Listeners, TwoAddressesOfBothFamiliesServeAtOnce) {
  if (!can_bind({.host = "::1"})) GTEST_SKIP() << "no IPv6 loopback here";
  ServerProcess server({.listen = {"127.0.0.1:0", "[::1]:0"}});
  ASSERT_TRUE(server.start());
  ASSERT_EQ(server.endpoints().size(), 2u);
  EXPECT_NE(server.endpoints()[0].host, server.endpoints()[1].host);
  for (const Endpoint& endpoint : server.endpoints()) {
    const ClientResult<HttpReply> reply = get(endpoint, "/health");
    ASSERT_TRUE(reply) << endpoint.text() << ": " << reply.error().message;
    EXPECT_EQ(reply->status, 200);
  }
}

}  // namespace
}  // namespace ms::test
