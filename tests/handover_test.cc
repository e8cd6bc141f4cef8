// A listening socket that outlives the servers on it: whoever connects while there is none waits for the next.

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/long_run_testing.h"
#include "support/client_swarm.h"
#include "support/http_client.h"
#include "support/query_client.h"
#include "support/server_process.h"
#include "support/socket.h"
#include "support/wait.h"

namespace ms::test {
namespace {

constexpr int kBacklog = 300;

class Handover : public testing::Test {
 protected:
  ServerProcess server(std::vector<std::string> flags = {}) {
    return ServerProcess({.flags = std::move(flags), .listen = {}, .sockets = {socket_.get()}});
  }

  const Descriptor socket_ = listen_on_loopback(kBacklog);
};

void stop(ServerProcess& server) {
  server.signal(SIGTERM);
  const std::optional<ExitStatus> exit = server.wait_exit(seconds(30));
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 0);
}

// 200, or 503 of a successor whose store is not open yet.
bool is_answer(const std::string& reply) {
  return reply.starts_with("HTTP/1.1 200 ") ||
         (reply.starts_with("HTTP/1.1 503 ") && reply.find("Retry-After: ") != std::string::npos);
}

TEST_F(Handover, WhoConnectsBetweenTwoServersIsAnsweredByTheSecond) {
  ServerProcess servers = server();
  ASSERT_TRUE(servers.start());
  ASSERT_NO_FATAL_FAILURE(stop(servers));
  ClientSwarm between(servers.endpoint(), 200, json_write_text(R"({"name":"between","value":1})"));
  ASSERT_TRUE(between.send_all(seconds(20))) << "nobody accepts, but the handshakes are completed";
  ASSERT_TRUE(servers.start());
  ASSERT_NO_FATAL_FAILURE(stop(servers));
  ASSERT_TRUE(between.finish(seconds(20)));
  EXPECT_EQ(between.count(ClientSwarm::State::kEnded), 200u);
  EXPECT_TRUE(std::ranges::all_of(between.clients(),
                                  [](const ClientSwarm::Client& client) { return is_answer(client.received); }));
}

// Clients that write without a pause, each request on a connection of its own, while the servers change.
TEST_F(Handover, UnderLoadNobodyIsLostOrReset) {
  const int changes = ordinary_or_long(3, 20);
  ServerProcess servers = server();
  ASSERT_TRUE(servers.start());
  const Endpoint endpoint = servers.endpoint();
  std::atomic<bool> is_over = false;
  std::atomic<int> next = 0;
  std::atomic<int> acknowledged = 0;
  std::atomic<int> unanswered = 0;
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([&] {
      while (!is_over) {
        const std::string n = std::to_string(next++);
        const std::string body =
            R"({"name":"handover","value":1,"timestamp":1732363200000,"tags":{"n":")" + n + R"("}})";
        const ClientResult<HttpReply> reply = fetch(endpoint, json_write_text(body, {{"Connection", "close"}}));
        if (!reply || (reply->status != 200 && reply->status != 503)) ++unanswered;
        if (reply && reply->status == 200) ++acknowledged;
      }
    });
  }
  for (int change = 0; change < changes && !HasFatalFailure(); ++change) {
    const int before = acknowledged;
    EXPECT_TRUE(wait_until(seconds(20), [&] { return acknowledged >= before + 100; }));
    stop(servers);
    if (!servers.start()) break;
  }
  is_over = true;
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(unanswered, 0);
  const auto answer = run_query(endpoint, instant_target("handover", "1732363200"));
  ASSERT_TRUE(answer) << answer.error();
  EXPECT_EQ(answer->series.size(), static_cast<size_t>(acknowledged));
}

TEST_F(Handover, TheBacklogIsThatOfTheSocketUnlessOneIsAskedFor) {
  ServerProcess as_it_is = server();
  ASSERT_TRUE(as_it_is.start());
  EXPECT_NE(as_it_is.log().find("backlog=" + std::to_string(kBacklog) + "\n"), std::string::npos) << as_it_is.log();
  ASSERT_NO_FATAL_FAILURE(stop(as_it_is));
  ServerProcess asked_for = server({"--backlog", "77"});
  ASSERT_TRUE(asked_for.start());
  EXPECT_NE(asked_for.log().find("backlog=77\n"), std::string::npos) << asked_for.log();
}

TEST_F(Handover, WhatIsNoListeningSocketEndsTheStart) {
  const Descriptor datagrams(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const TempDir files;
  ChildProcess process({.arguments = {server_path(), "serve", "--data-dir", files.file("data")},
                        .sockets = {socket_.get(), datagrams.get()}});
  const std::optional<ExitStatus> exit = process.wait_exit(seconds(20));
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 2);
  EXPECT_NE(process.errors().find("inherited descriptor 4 is not a listening TCP socket"), std::string::npos)
      << process.errors();
}

}  // namespace
}  // namespace ms::test
