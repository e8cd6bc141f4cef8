// The two architectures side by side, where they differ: who waits for whom.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "support/http_client.h"
#include "support/server_process.h"
#include "support/socket.h"
#include "support/wait.h"

namespace ms::test {
namespace {

class Architectures : public testing::Test {
 protected:
  void start(const std::string& architecture) {
    server_ = std::make_unique<ServerProcess>(ServerOptions{.flags = {"--architecture", architecture}});
    ASSERT_TRUE(server_->start());
  }

  // A client that has sent half of a request, which the server has read.
  HttpClient slow_client() {
    ClientResult<HttpClient> slow = HttpClient::connect(server_->endpoint());
    EXPECT_TRUE(slow && slow->send(request_.substr(0, request_.size() / 2)));
    EXPECT_TRUE(wait_until(seconds(10), [&] { return unread_bytes(server_->endpoint()) == 0; }));
    return *std::move(slow);
  }

  void expect_answered(HttpClient& slow) {
    const ClientResult<HttpReply> reply = slow.request(request_.substr(request_.size() / 2));
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->status, 200);
  }

  const std::string request_ = json_write_text(R"({"name":"slow","value":1})");
  std::unique_ptr<ServerProcess> server_;
};

TEST_F(Architectures, InThePoolASlowClientHoldsNobodyUp) {
  ASSERT_NO_FATAL_FAILURE(start("pool"));
  HttpClient slow = slow_client();
  for (int i = 0; i < 20; ++i) {
    const ClientResult<HttpReply> reply = get(server_->endpoint(), "/health");
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->status, 200);
  }
  expect_answered(slow);
}

TEST_F(Architectures, InlineASlowClientHoldsEverybodyUp) {
  ASSERT_NO_FATAL_FAILURE(start("inline"));
  HttpClient slow = slow_client();
  ClientResult<HttpClient> other = HttpClient::connect(server_->endpoint());
  ASSERT_TRUE(other) << other.error().message;
  const std::string request = request_text("GET", "/health");
  ASSERT_TRUE(other->send(request));
  ASSERT_TRUE(wait_until(seconds(10), [&] { return unread_bytes(server_->endpoint()) >= request.size(); }));
  EXPECT_FALSE(wait_until(milliseconds(300), [&] { return unread_bytes(server_->endpoint()) == 0; }))
      << "the other's request was read before the slow one was answered";
  expect_answered(slow);
  const ClientResult<HttpReply> reply = other->read_reply();
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->status, 200);
}

TEST_F(Architectures, InlineAConnectionEndsWithItsFirstReply) {
  ASSERT_NO_FATAL_FAILURE(start("inline"));
  ClientResult<HttpClient> client = HttpClient::connect(server_->endpoint());
  ASSERT_TRUE(client) << client.error().message;
  const ClientResult<HttpReply> reply =
      client->request(request_text("GET", "/health") + request_text("GET", "/health"));
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->header("Connection"), "close");
  EXPECT_TRUE(client->read_end());
}

}  // namespace
}  // namespace ms::test
