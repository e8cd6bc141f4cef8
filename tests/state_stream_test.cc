// Those who follow the front door's state: what they are sent is what the server does, and a stop tells them its end.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "support/http_client.h"
#include "support/metrics_page.h"
#include "support/server_process.h"
#include "support/wait.h"

namespace ms::test {
namespace {

constexpr size_t kFollowers = 10;
constexpr size_t kStatesEach = 3;
constexpr size_t kHeavyBodyBytes = 20'000;

double read_metric(const ServerProcess& server, const std::string& name) {
  const ClientResult<HttpReply> page = get(server.endpoint(), "/metrics");
  return page ? read_samples(page->body)["metricstream_front_door_stream_" + name] : 0;
}

TEST(StateStream, FollowersSeeWhatTheServerDoesAndReadTheEndAtAStop) {
  ServerProcess server({.flags = kPatientServer});
  ASSERT_TRUE(server.start());
  std::string body = R"({"name":"heavy","value":1})";
  body.resize(kHeavyBodyBytes, ' ');
  const ClientResult<HttpReply> written = fetch(server.endpoint(), json_write_text(body));
  ASSERT_TRUE(written) << written.error().message;
  ASSERT_EQ(written->status, 200);
  std::vector<HttpClient> followers;
  for (size_t i = 0; i < kFollowers; ++i) {
    ClientResult<HttpClient> client = HttpClient::connect(server.endpoint());
    ASSERT_TRUE(client) << client.error().message;
    // They read once the server has ended: however long that takes, so few states fit into their sockets.
    ASSERT_TRUE(client->send(request_text("GET", "/api/v1/front-door/stream?rate=2")));
    followers.push_back(*std::move(client));
  }
  ASSERT_TRUE(wait_until(seconds(30), [&] { return read_metric(server, "subscribers") == kFollowers; }));
  const double sent = read_metric(server, "states_sent_total");
  ASSERT_TRUE(wait_until(seconds(30),
                         [&] { return read_metric(server, "states_sent_total") >= sent + kStatesEach * kFollowers; }));

  server.signal(SIGTERM);
  const std::optional<ExitStatus> exit = server.wait_exit(seconds(20));
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 0);
  for (HttpClient& follower : followers) {
    const ClientResult<HttpReply> reply = follower.read_reply();
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->status, 200);
    EXPECT_EQ(reply->header("Content-Type"), "text/event-stream");
    EXPECT_THAT(reply->body, testing::StartsWith("d\r\nretry: 1000\n\n\r\n"));
    EXPECT_THAT(reply->body, testing::HasSubstr("\r\nevent: state\ndata: {\"architecture\":\"pool\","));
    EXPECT_THAT(reply->body, testing::HasSubstr("\"bodies\":1}"));
    EXPECT_THAT(reply->body, testing::EndsWith("}\n\n\r\n0\r\n\r\n"));
  }
}

}  // namespace
}  // namespace ms::test
