// Who cannot be served is told so, also where those who are refused never leave, and where there are no descriptors.

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/long_run_testing.h"
#include "support/client_swarm.h"
#include "support/http_client.h"
#include "support/json_error.h"
#include "support/metrics_page.h"
#include "support/sanitizer.h"
#include "support/server_process.h"
#include "support/socket.h"
#include "support/wait.h"

namespace ms::test {
namespace {

const HeaderList kOneRequest = {{"Connection", "close"}};

// A client that is served, and goes on asking on its connection.
class ServedClient {
 public:
  explicit ServedClient(const Endpoint& endpoint) : client_(HttpClient::connect(endpoint)) {
    EXPECT_TRUE(client_) << client_.error().message;
    is_served();
  }

  bool is_served() { return ask("/health").status == 200; }
  double metric(const std::string& name) { return read_samples(ask("/metrics").body)["metricstream_" + name]; }

 private:
  HttpReply ask(const std::string& target) {
    const ClientResult<HttpReply> reply = client_->request(request_text("GET", target));
    if (reply) return *reply;
    ADD_FAILURE() << target << ": " << reply.error().message;
    return {};
  }

  ClientResult<HttpClient> client_;
};

// Connects, sends a whole request, and does no more: neither reads nor closes.
Descriptor send_and_stay(const Endpoint& endpoint) {
  const std::string request = json_write_text(R"({"name":"too_many","value":1})");
  Descriptor socket = start_connect(endpoint);
  pollfd waited{.fd = socket.get(), .events = POLLOUT, .revents = 0};
  if (poll(&waited, 1, 20'000) != 1) return {};
  const ssize_t sent = send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL);
  return sent == static_cast<ssize_t>(request.size()) ? std::move(socket) : Descriptor();
}

void expect_reads_503(const Endpoint& endpoint) {
  const ClientResult<HttpReply> reply = fetch(endpoint, json_write_text(R"({"name":"new","value":1})"));
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->status, 503);
  EXPECT_FALSE(reply->header("Retry-After").empty());
  EXPECT_TRUE(is_json_error(*reply));
}

// The queue is full of silent clients, so that everybody else is refused; those who are served already are not in it.
TEST(Refusal, TwoThousandWhoNeverLeaveHarmNobodyElse) {
  constexpr size_t kQueue = 10;
  constexpr size_t kStaying = 2000;
  constexpr size_t kNew = 50;
  constexpr double kShare = 128;  // of descriptors, for connections that are being refused
  constexpr double kBehind = 64;  // beyond them, on the way to the refusing thread
  raise_descriptor_limit();
  ServerProcess server({.flags = {"--connection-queue", std::to_string(kQueue)}});
  ASSERT_TRUE(server.start());
  ServedClient served(server.endpoint());
  std::vector<Descriptor> silent;
  for (size_t i = 0; i < kQueue; ++i) silent.push_back(start_connect(server.endpoint()));
  ASSERT_TRUE(wait_until(seconds(10), [&] { return served.metric("connection_queue_length") == kQueue; }));

  std::vector<Descriptor> staying;
  for (size_t i = 0; i < kStaying; ++i) {
    staying.push_back(send_and_stay(server.endpoint()));
    ASSERT_TRUE(staying.back()) << i;
    if (i % 100 != 0) continue;
    EXPECT_LE(served.metric("refuser_connections"), kShare + kBehind + 1);
    expect_reads_503(server.endpoint());
  }
  for (size_t i = 0; i < kNew; ++i) expect_reads_503(server.endpoint());
  EXPECT_TRUE(served.is_served());
  EXPECT_EQ(served.metric("refused_connections_total{reason=\"queue_limit\"}"), kStaying + kStaying / 100 + kNew);
  EXPECT_GT(served.metric("refuser_evictions_total"), 0);
  EXPECT_LE(served.metric("refuser_connections"), kShare + kBehind + 1);

  silent.clear();
  ASSERT_TRUE(wait_until(seconds(10), [&] { return served.metric("connection_queue_length") == 0; }));
  const ClientResult<HttpReply> reply = get(server.endpoint(), "/health");
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->status, 200);
}

int highest_descriptor(pid_t pid) {
  int highest = -1;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
    highest = std::max(highest, std::stoi(entry.path().filename()));
  }
  return highest;
}

// Lowers or raises a running process's own limit; the hard one stays.
void limit_descriptors(pid_t pid, rlim_t count) {
  rlimit limit{};
  ASSERT_EQ(prlimit(pid, RLIMIT_NOFILE, nullptr, &limit), 0);
  limit.rlim_cur = count;
  ASSERT_EQ(prlimit(pid, RLIMIT_NOFILE, &limit, nullptr), 0);
}

size_t count_status(const ClientSwarm& swarm, int status) {
  const std::string status_line = "HTTP/1.1 " + std::to_string(status) + " ";
  return static_cast<size_t>(std::ranges::count_if(
      swarm.clients(), [&](const ClientSwarm::Client& client) { return client.received.starts_with(status_line); }));
}

TEST(Refusal, ALimitThatIsLoweredWhileItRunsLeavesNobodyWithoutAnAnswer) {
  if (kIsSanitized) GTEST_SKIP() << "the sanitizer, in the server, needs descriptors of its own";
  constexpr size_t kClients = 500;
  constexpr rlim_t kFewMore = 4;
  ServerProcess server;
  ASSERT_TRUE(server.start());
  ServedClient served(server.endpoint());
  // From its first write on, the store has its files open.
  const ClientResult<HttpReply> first = fetch(server.endpoint(), json_write_text(R"({"name":"few","value":1})"));
  ASSERT_TRUE(first && first->status == 200);
  rlimit before{};
  ASSERT_EQ(prlimit(server.pid(), RLIMIT_NOFILE, nullptr, &before), 0);
  const auto begin = Clock::now();
  limit_descriptors(server.pid(), static_cast<rlim_t>(highest_descriptor(server.pid())) + 1 + kFewMore);

  ClientSwarm clients(server.endpoint(), kClients, json_write_text(R"({"name":"few","value":1})", kOneRequest));
  ASSERT_TRUE(clients.finish(seconds(60))) << clients.count(ClientSwarm::State::kReading) << " clients still wait";
  EXPECT_EQ(clients.count(ClientSwarm::State::kEnded), kClients);
  EXPECT_EQ(count_status(clients, 200) + count_status(clients, 503), kClients);
  EXPECT_GT(count_status(clients, 503), 0u);
  EXPECT_TRUE(served.is_served());
  const auto elapsed_ms = static_cast<double>(std::chrono::duration_cast<milliseconds>(Clock::now() - begin).count());
  EXPECT_EQ(served.metric("refused_connections_total{reason=\"descriptors\"}"),
            static_cast<double>(count_status(clients, 503)));
  // A pause is at most one for each connection that makes room, and one for each 100 ms; each is made of two looks.
  EXPECT_LE(served.metric("accept_pauses_total"), 2 * (kClients + elapsed_ms / 100 + 1));

  limit_descriptors(server.pid(), before.rlim_cur);
  ClientSwarm after(server.endpoint(), kClients, json_write_text(R"({"name":"many","value":1})", kOneRequest));
  ASSERT_TRUE(after.finish(seconds(60)));
  EXPECT_EQ(count_status(after, 200), kClients);
}

// A server that may have 256 descriptors, its own among them, and eight times as many clients.
TEST(Refusal, WithTwoHundredAndFiftySixDescriptorsEverybodyIsAnswered) {
  if (kIsSanitized) GTEST_SKIP() << "the sanitizer, in the server, needs descriptors of its own";
  constexpr size_t kClients = 2000;
  ServerProcess server({.descriptors_max = 256});
  ASSERT_TRUE(server.start());
  const std::string request = json_write_text(R"({"name":"few","value":1})", kOneRequest);
  const int rounds = ordinary_or_long(2, 20);
  for (int round = 0; round < rounds; ++round) {
    ClientSwarm clients(server.endpoint(), kClients, request);
    ASSERT_TRUE(clients.finish(seconds(60))) << clients.count(ClientSwarm::State::kReading) << " clients still wait";
    EXPECT_EQ(clients.count(ClientSwarm::State::kReset), 0u);
    EXPECT_EQ(clients.count(ClientSwarm::State::kEnded), kClients);
    EXPECT_EQ(count_status(clients, 200) + count_status(clients, 503), kClients);
    EXPECT_GT(count_status(clients, 200), 0u);
  }
  const auto has_no_connection = [&] { return server.open_sockets() == server.endpoints().size(); };
  EXPECT_TRUE(wait_until(seconds(10), has_no_connection)) << server.open_sockets();
  ServedClient after(server.endpoint());
  EXPECT_TRUE(after.is_served());
}

}  // namespace
}  // namespace ms::test
