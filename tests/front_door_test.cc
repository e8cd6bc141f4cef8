// The front door from the clients' side: nobody waits behind somebody else's heavy or slow request, and nobody is sent
// away in silence.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "support/client_swarm.h"
#include "support/http_client.h"
#include "support/json_error.h"
#include "support/sanitizer.h"
#include "support/server_process.h"
#include "support/socket.h"
#include "support/wait.h"

namespace ms::test {
namespace {

constexpr size_t kBodyBytesMax = 32u << 20;
constexpr size_t kOthers = 200;
constexpr seconds kSwarmTimeout{60};  // generous: under a sanitizer, beside other tests

const HeaderList kOneRequest = {{"Connection", "close"}};

// As many metrics as fit into the largest body, each of a series of its own; the rest is white space.
std::string largest_json_body() {
  const std::string filler(100, 'x');
  std::string body = R"({"metrics":[{"name":"heavy","value":0})";
  for (int n = 1; body.size() + 2 * filler.size() < kBodyBytesMax; ++n) {
    const std::string number = std::to_string(n);
    body +=
        R"(,{"name":"heavy","value":)" + number + R"(,"tags":{"filler":")" + filler + R"(","n":")" + number + R"("}})";
  }
  body += "]}";
  body.resize(kBodyBytesMax, ' ');
  return body;
}

ClientResult<HttpClient> connect_and_ask(const Endpoint& endpoint) {
  ClientResult<HttpClient> client = HttpClient::connect(endpoint);
  if (!client) return client;
  const ClientResult<HttpReply> reply = client->request(request_text("GET", "/health"));
  if (!reply) return std::unexpected(reply.error());
  return client;
}

// All of a swarm's clients have read this status and then the end.
void expect_all_answered(ClientSwarm& swarm, int status) {
  ASSERT_TRUE(swarm.finish(kSwarmTimeout)) << swarm.count(ClientSwarm::State::kReading) << " clients still wait";
  EXPECT_EQ(swarm.count(ClientSwarm::State::kReset), 0u);
  EXPECT_EQ(swarm.count(ClientSwarm::State::kEnded), swarm.clients().size());
  const std::string status_line = "HTTP/1.1 " + std::to_string(status) + " ";
  EXPECT_TRUE(std::ranges::all_of(
      swarm.clients(), [&](const ClientSwarm::Client& client) { return client.received.starts_with(status_line); }));
}

TEST(FrontDoor, OthersAreServedWhileALargeBodyArrives) {
  ServerProcess server({.flags = {"--workers", "2"}});
  ASSERT_TRUE(server.start());
  const std::string request = json_write_text(largest_json_body());
  std::atomic<bool> has_begun = false;
  std::atomic<bool> may_end = false;
  ClientResult<HttpReply> reply;
  std::thread sender([&] {
    ClientResult<HttpClient> client = HttpClient::connect(server.endpoint(), kSwarmTimeout);
    if (client) client->send(request.substr(0, request.size() / 32));
    has_begun = true;
    if (client)
      client->send(std::string_view(request).substr(request.size() / 32, request.size() - request.size() / 32 - 1));
    wait_until(kSwarmTimeout, [&] { return may_end.load(); });
    if (client) reply = client->request(request.substr(request.size() - 1));
  });
  wait_until(kSwarmTimeout, [&] { return has_begun.load(); });
  ClientSwarm others(server.endpoint(), kOthers,
                     json_write_text(R"({"name":"light","value":1,"tags":{"of":"others"}})", kOneRequest));
  expect_all_answered(others, 200);
  may_end = true;
  sender.join();
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->status, 200) << reply->body;
}

// The server stands still until the end of the large body and all other requests have come, so that its workers find
// the heavy one first. If the others waited behind it, they would need about as long.
TEST(FrontDoor, OthersAreServedWhileALargeBodyIsWorkedOff) {
  ServerProcess server({.flags = {"--workers", "2"}});
  ASSERT_TRUE(server.start());
  const std::string request = json_write_text(largest_json_body());
  ClientResult<HttpClient> heavy = HttpClient::connect(server.endpoint(), kSwarmTimeout);
  ASSERT_TRUE(heavy) << heavy.error().message;
  ASSERT_TRUE(heavy->send(request.substr(0, request.size() - 1)));
  ASSERT_TRUE(wait_until(kSwarmTimeout, [&] { return unread_bytes(server.endpoint()) == 0; }));
  server.signal(SIGSTOP);
  const ClientResult<void> sent = heavy->send(request.substr(request.size() - 1));
  ClientSwarm others(server.endpoint(), kOthers, request_text("GET", "/health", {}, kOneRequest));
  const bool others_sent = others.send_all(kSwarmTimeout);
  const auto begin = Clock::now();
  server.signal(SIGCONT);
  ASSERT_TRUE(sent && others_sent);

  Clock::duration heavy_took{};
  ClientResult<HttpReply> reply;
  std::thread receiver([&] {
    reply = heavy->read_reply();
    heavy_took = Clock::now() - begin;
  });
  expect_all_answered(others, 200);
  const Clock::duration others_took = Clock::now() - begin;
  receiver.join();
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->status, 200) << reply->body;
  EXPECT_LT(others_took * 4, heavy_took);
}

// Clients that send one byte at a time, in turn, and do not come to an end until they are told to.
class SlowClients {
 public:
  SlowClients(const Endpoint& endpoint, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      if (ClientResult<HttpClient> client = HttpClient::connect(endpoint)) clients_.push_back(*std::move(client));
    }
    dripping_ = std::thread([this] { drip(); });
  }
  ~SlowClients() { finish(); }

  // Sends the rest at once; the replies.
  std::vector<ClientResult<HttpReply>> finish() {
    std::vector<ClientResult<HttpReply>> replies;
    if (!dripping_.joinable()) return replies;
    enough_ = true;
    dripping_.join();
    for (HttpClient& client : clients_) replies.push_back(client.request("\r\n\r\n"));
    return replies;
  }

 private:
  void drip() {
    const std::string begin = "GET /health HTTP/1.1\r\nHost: slow\r\nX-Filler: ";
    for (size_t i = 0; !enough_ || i < begin.size(); ++i) {
      const char next = i < begin.size() ? begin[i] : 'x';
      for (HttpClient& client : clients_) client.send({&next, 1});
      std::this_thread::sleep_for(milliseconds(2));  // this is what makes it slow
    }
  }

  std::vector<HttpClient> clients_;
  std::atomic<bool> enough_ = false;
  std::thread dripping_;
};

TEST(FrontDoor, SlowClientsOnEveryWorkerSlowNobodyElse) {
  ServerProcess server({.flags = {"--workers", "4"}});
  ASSERT_TRUE(server.start());
  SlowClients slow(server.endpoint(), 8);
  for (size_t i = 0; i < kOthers; ++i) {
    const ClientResult<HttpReply> reply = fetch(server.endpoint(), request_text("GET", "/health", {}, kOneRequest));
    ASSERT_TRUE(reply) << reply.error().message;
    ASSERT_EQ(reply->status, 200);
  }
  const std::vector<ClientResult<HttpReply>> replies = slow.finish();
  EXPECT_EQ(replies.size(), 8u);
  for (const ClientResult<HttpReply>& reply : replies) {
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->status, 200);
  }
}

size_t read_somaxconn() {
  size_t limit = 0;
  std::ifstream("/proc/sys/net/core/somaxconn") >> limit;
  return limit;
}

// The server stands still while they connect and send, so that each request is there before its connection is accepted:
// to close on unread bytes would reset the client and take the 503 with it.
void expect_all_refused(const ServerProcess& server, size_t count) {
  server.signal(SIGSTOP);
  ClientSwarm refused(server.endpoint(), count, json_write_text(R"({"name":"too_many","value":1})"));
  const bool sent = refused.send_all(kSwarmTimeout);
  server.signal(SIGCONT);
  ASSERT_TRUE(sent);
  expect_all_answered(refused, 503);
  for (const ClientSwarm::Client& client : refused.clients()) {
    std::string bytes = client.received;
    const auto reply = take_reply(bytes, ReplyTo::kOther, true);
    ASSERT_TRUE(reply && *reply) << client.received;
    ASSERT_FALSE((*reply)->header("Retry-After").empty());
    ASSERT_TRUE(is_json_error(**reply));
    ASSERT_EQ(bytes, "");
  }
}

TEST(FrontDoor, ClientsBeyondTheLimitAllReadA503) {
  constexpr size_t kHeld = 50;
  constexpr size_t kBeyond = kIsSanitized ? 2000 : 10'000;
  ServerProcess server({.flags = {"--max-connections", std::to_string(kHeld)}});
  ASSERT_TRUE(server.start());
  const auto has_no_connection = [&] { return server.open_sockets() == server.endpoints().size(); };
  ASSERT_TRUE(wait_until(seconds(10), has_no_connection)) << server.open_sockets();

  std::vector<HttpClient> held;
  for (size_t i = 0; i < kHeld; ++i) {
    ClientResult<HttpClient> client = connect_and_ask(server.endpoint());
    ASSERT_TRUE(client) << i << ": " << client.error().message;
    held.push_back(*std::move(client));
  }
  const size_t wave = std::min(kBeyond, read_somaxconn());
  for (size_t done = 0; done < kBeyond; done += wave) {
    ASSERT_NO_FATAL_FAILURE(expect_all_refused(server, std::min(wave, kBeyond - done)));
  }
  ClientSwarm at_once(server.endpoint(), kBeyond, json_write_text(R"({"name":"too_many","value":1})"));
  expect_all_answered(at_once, 503);
  for (HttpClient& client : held) {
    const ClientResult<HttpReply> reply = client.request(request_text("GET", "/health"));
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->status, 200);
  }
  held.clear();
  EXPECT_TRUE(wait_until(seconds(10), has_no_connection)) << server.open_sockets();
  const ClientResult<HttpReply> reply = get(server.endpoint(), "/health");
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->status, 200);
}

void expect_timed_out(ClientResult<HttpClient>& client, Clock::time_point begin) {
  ASSERT_TRUE(client) << client.error().message;
  const ClientResult<HttpReply> reply = client->read_reply();
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->status, 408);
  EXPECT_TRUE(is_json_error(*reply));
  EXPECT_TRUE(client->read_end());
  EXPECT_GT(Clock::now() - begin, seconds(8));
  EXPECT_LT(Clock::now() - begin, seconds(25));
}

// Header and body deadlines are 10 s; a client that keeps sending a little does not push its own away.
TEST(FrontDoor, RequestsThatAreNeverFinishedAreAnswered408) {
  ServerProcess server;
  ASSERT_TRUE(server.start());
  const auto begin = Clock::now();
  constexpr seconds kPatience{30};
  ClientResult<HttpClient> stalled_header = HttpClient::connect(server.endpoint(), kPatience);
  ClientResult<HttpClient> stalled_body = HttpClient::connect(server.endpoint(), kPatience);
  ClientResult<HttpClient> dripping = HttpClient::connect(server.endpoint(), kPatience);
  ASSERT_TRUE(stalled_header && stalled_body && dripping);
  ASSERT_TRUE(stalled_header->send("GET /health HT"));
  ASSERT_TRUE(stalled_body->send("POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{"));
  ASSERT_TRUE(dripping->send("GET /health HTTP/1.1\r\nX-Filler: "));
  std::atomic<bool> enough = false;
  std::thread drip([&] {
    while (!enough && dripping->send("x")) std::this_thread::sleep_for(milliseconds(50));
  });
  expect_timed_out(dripping, begin);
  enough = true;
  drip.join();
  expect_timed_out(stalled_header, begin);
  expect_timed_out(stalled_body, begin);
}

}  // namespace
}  // namespace ms::test
