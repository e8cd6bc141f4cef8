// --max-series, as clients and the one who runs the server meet it.

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "support/http_client.h"
#include "support/query_client.h"
#include "support/remote_protocol.h"
#include "support/server_process.h"

namespace ms::test {
namespace {

constexpr const char* kTime = "1732363200";
constexpr int64_t kTimeMs = 1'732'363'200'000;

std::string json_series(const std::string& name) {
  return R"({"name":")" + name + R"(","value":1,"timestamp":)" + std::to_string(kTimeMs) + "}";
}

ClientResult<HttpReply> write_json(const ServerProcess& server, const std::string& body) {
  return fetch(server.endpoint(), json_write_text(body));
}

// The status of the reply; 0 where there is none.
int write_status(const ServerProcess& server, const std::string& name) {
  const auto reply = write_json(server, json_series(name));
  if (!reply) ADD_FAILURE() << reply.error().message;
  return reply ? reply->status : 0;
}

size_t count_found(const ServerProcess& server, const std::string& query) {
  const auto answer = run_query(server.endpoint(), instant_target(query, kTime));
  if (answer) return answer->series.size();
  ADD_FAILURE() << answer.error();
  return 0;
}

bool page_has(const ServerProcess& server, const std::string& line) {
  const ClientResult<HttpReply> page = get(server.endpoint(), "/metrics");
  return page && page->body.find("\n" + line + "\n") != std::string::npos;
}

TEST(SeriesLimit, NewSeriesBeyondItAreNamedInTheReplyAndTheRestIsStored) {
  ServerProcess server({.flags = {"--max-series", "2"}});
  ASSERT_TRUE(server.start());
  ASSERT_EQ(write_status(server, "first"), 200);

  const auto partly = write_json(server, "[" + json_series("second") + "," + json_series("third") + "]");
  ASSERT_TRUE(partly) << partly.error().message;
  EXPECT_EQ(partly->status, 400);
  EXPECT_TRUE(partly->body.starts_with(R"({"accepted":1,"rejected":1,"errors":[{"index":1,"error":")")) << partly->body;
  EXPECT_NE(partly->body.find("the limit of 2 series (--max-series) is reached"), std::string::npos) << partly->body;

  const std::vector<WrittenSeries> both = {{{{"__name__", "first"}}, {{kTimeMs + 1, 2}}},
                                           {{{"__name__", "fourth"}}, {{kTimeMs, 2}}}};
  const auto remote = fetch(server.endpoint(), remote_write_text(encode_remote_write(both)));
  ASSERT_TRUE(remote) << remote.error().message;
  EXPECT_EQ(remote->status, 400) << "a sender would repeat anything else for ever";
  EXPECT_NE(remote->body.find("1 series rejected, all other samples are stored (1)"), std::string::npos)
      << remote->body;

  EXPECT_EQ(write_status(server, "first"), 200);
  EXPECT_EQ(count_found(server, R"({__name__=~".+"})"), 2u);
  EXPECT_TRUE(page_has(server, "metricstream_store_series_limit 2"));
  EXPECT_TRUE(page_has(server, "metricstream_store_series_rejected_total 2"));
  EXPECT_TRUE(page_has(server, "metricstream_store_samples_rejected_total 2"));
}

TEST(SeriesLimit, IsExactHoweverManyClientsWriteAtOnce) {
  constexpr int kClients = 8;
  ServerProcess server({.flags = {"--max-series", "100"}});
  ASSERT_TRUE(server.start());
  std::atomic<int> stored = 0;
  std::vector<std::thread> clients;
  for (int client = 0; client < kClients; ++client) {
    clients.emplace_back([&, client] {
      for (int i = 0; i < 25; ++i) {
        const auto reply = write_json(server, json_series("client" + std::to_string(client) + "_" + std::to_string(i)));
        if (reply && reply->status == 200) ++stored;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(stored, 100);
  EXPECT_EQ(count_found(server, R"({__name__=~".+"})"), 100u);
}

TEST(SeriesLimit, ARestartKeepsWhatTheLogHas) {
  ServerProcess server({.flags = {"--max-series", "3"}});
  ASSERT_TRUE(server.start());
  for (const char* name : {"first", "second", "third"}) ASSERT_EQ(write_status(server, name), 200);
  server.signal(SIGKILL);
  ASSERT_TRUE(server.wait_exit(seconds(10)));

  ASSERT_TRUE(server.start());
  EXPECT_EQ(count_found(server, R"({__name__=~".+"})"), 3u);
  EXPECT_EQ(write_status(server, "third"), 200);
  EXPECT_EQ(write_status(server, "fourth"), 400);
}

}  // namespace
}  // namespace ms::test
