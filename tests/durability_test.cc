// What was acknowledged is there afterwards: after kill -9, and after SIGTERM, which resets nobody. 16 writers are at
// it meanwhile.

#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <optional>
#include <random>
#include <string>

#include "base/long_run_testing.h"
#include "support/http_client.h"
#include "support/load_writer.h"
#include "support/query_client.h"
#include "support/seed.h"
#include "support/server_process.h"
#include "support/wait.h"

namespace ms::test {
namespace {

constexpr uint32_t kWriters = 16;
constexpr seconds kLoadTimeout{60};  // generous: a slow disk under a sanitizer
constexpr seconds kShutdownTimeout{10};

struct Totals {
  size_t samples = 0;
  uint64_t crossed_closes = 0;
  uint64_t refusals = 0;
};

Totals total(const LoadWriters& load) {
  Totals totals;
  for (const auto& writer : load.writers()) {
    totals.samples += writer->owed().count_acknowledged();
    totals.crossed_closes += writer->account().crossed_closes;
    totals.refusals += writer->account().refusals;
  }
  return totals;
}

void expect_no_bad_reply(const LoadWriters& load) {
  for (const auto& writer : load.writers()) {
    for (const std::string& reply : writer->account().bad_replies) ADD_FAILURE() << reply;
  }
}

class DurabilityOfMode : public testing::TestWithParam<const char*> {};

TEST_P(DurabilityOfMode, EverythingAcknowledgedIsThereAfterKillsUnderLoad) {
  const uint64_t seed = test_seed();
  std::mt19937_64 random(seed);
  ServerProcess server({.flags = {"--wal-sync", GetParam()}});
  LoadWriters load(kWriters, seed);
  const int rounds = ordinary_or_long(3, 50);
  for (int round = 0; round < rounds; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    ASSERT_TRUE(server.start());
    ASSERT_TRUE(load.check(server.endpoint()));
    load.start(server.endpoint());
    const bool loaded = load.wait_acknowledged(300 + random() % 1500, kLoadTimeout);
    server.signal(SIGKILL);
    load.join();
    ASSERT_TRUE(loaded);
    ASSERT_TRUE(server.wait_exit(seconds(10)));
  }
  ASSERT_TRUE(server.start());
  EXPECT_TRUE(load.check(server.endpoint()));
  expect_no_bad_reply(load);
  std::printf("%zu samples acknowledged\n", total(load).samples);
}

INSTANTIATE_TEST_SUITE_P(WalSync, DurabilityOfMode, testing::Values("always", "os"),
                         [](const auto& mode) { return std::string(mode.param); });

bool tells_of_a_crash(const ServerProcess& server) {
  return server.log().find("a crash tore off") != std::string::npos;
}

// A complete request on a new connection gets its reply. On a kept connection it may cross the server's close: an HTTP
// client knows this by the end of the stream before any byte of a reply, and sends again; a reset it is never.
TEST(Durability, SigtermUnderLoadLosesNothingAndResetsNobody) {
  const uint64_t seed = test_seed();
  std::mt19937_64 random(seed);
  ServerProcess server;
  LoadWriters load(kWriters, seed);
  const int rounds = ordinary_or_long(3, 20);
  for (int round = 0; round < rounds; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    ASSERT_TRUE(server.start());
    EXPECT_FALSE(tells_of_a_crash(server));
    load.start(server.endpoint());
    const bool loaded = load.wait_acknowledged(300 + random() % 700, kLoadTimeout);
    server.signal(SIGTERM);
    const std::optional<ExitStatus> exit = server.wait_exit(kShutdownTimeout + seconds(2));
    if (!exit) server.signal(SIGKILL);
    load.join();
    ASSERT_TRUE(loaded);
    ASSERT_TRUE(exit) << "still running after the shutdown timeout";
    EXPECT_EQ(exit->code, 0);
  }
  for (const auto& writer : load.writers()) {
    for (const std::string& broken : writer->account().broken_promises) ADD_FAILURE() << broken;
  }
  expect_no_bad_reply(load);
  ASSERT_TRUE(server.start());
  EXPECT_FALSE(tells_of_a_crash(server));
  EXPECT_TRUE(load.check(server.endpoint()));
  const Totals totals = total(load);
  std::printf("%zu samples acknowledged, %llu kept connections closed under a request, %llu answers 503\n",
              totals.samples, static_cast<unsigned long long>(totals.crossed_closes),
              static_cast<unsigned long long>(totals.refusals));
}

TEST(Stop, FinishesARequestWhoseEndComesAfterSigterm) {
  ServerProcess server;
  ASSERT_TRUE(server.start());
  const std::string request = json_write_text(R"({"name":"late","value":1,"timestamp":1732363200000})");
  ClientResult<HttpClient> client = HttpClient::connect(server.endpoint());
  ASSERT_TRUE(client) << client.error().message;
  // A whole request first: then the server holds this connection, and has not just queued it.
  ASSERT_TRUE(client->request(request_text("GET", "/health")));
  ASSERT_TRUE(client->send(request.substr(0, request.size() - 10)));
  ASSERT_TRUE(wait_until(seconds(10), [&] { return get(server.endpoint(), "/ready").has_value(); }));

  server.signal(SIGTERM);
  ASSERT_TRUE(wait_until(seconds(10), [&] { return server.log().find("msg=stopping") != std::string::npos; }));
  ASSERT_TRUE(client->send(request.substr(request.size() - 10)));
  const ClientResult<HttpReply> reply = client->read_reply();
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->header("Connection"), "close");
  EXPECT_TRUE(client->read_end());
  const std::optional<ExitStatus> exit = server.wait_exit(kShutdownTimeout);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 0);

  ASSERT_TRUE(server.start());
  const auto answer = run_query(server.endpoint(), instant_target("late", "1732363200"));
  ASSERT_TRUE(answer) << answer.error();
  EXPECT_EQ(answer->series.size(), 1u);
}

TEST(Stop, WaitsForAStalledClientOnlyUpToTheShutdownTimeout) {
  ServerProcess server({.flags = {"--shutdown-timeout", "1s"}});
  ASSERT_TRUE(server.start());
  ClientResult<HttpClient> stalled = HttpClient::connect(server.endpoint());
  ASSERT_TRUE(stalled) << stalled.error().message;
  ASSERT_TRUE(stalled->request(request_text("GET", "/health")));
  ASSERT_TRUE(stalled->send("POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{"));

  const auto begin = Clock::now();
  server.signal(SIGTERM);
  const std::optional<ExitStatus> exit = server.wait_exit(seconds(20));
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 0);
  EXPECT_LT(Clock::now() - begin, seconds(6));
}

TEST(Stop, SigintStopsLikeSigterm) {
  ServerProcess server;
  ASSERT_TRUE(server.start());
  server.signal(SIGINT);
  const std::optional<ExitStatus> exit = server.wait_exit(kShutdownTimeout);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 0);
}

}  // namespace
}  // namespace ms::test
