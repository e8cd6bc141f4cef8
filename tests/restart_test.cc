// A restart refuses no one: with a listening socket that outlives the servers nobody is refused or reset, and with one
// of the server's own neither, where the next server comes within a second. Each promise has a control: the same
// harness sees it broken.

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/long_run_testing.h"
#include "support/child_process.h"
#include "support/http_client.h"
#include "support/query_client.h"
#include "support/restart_load.h"
#include "support/sanitizer.h"
#include "support/seed.h"
#include "support/server_process.h"
#include "support/socket.h"
#include "support/temp_dir.h"
#include "support/wait.h"

namespace ms::test {
namespace {

constexpr double kArrivalsPerS = kIsSanitized ? 100 : 2000;
constexpr uint64_t kWaveNs = 1500 * kNanosPerMilli;
constexpr uint64_t kShortWaveNs = 200 * kNanosPerMilli;
constexpr seconds kPatience{60};
constexpr int kBacklog = 4096;

// A busy machine is no reason to refuse, and a predecessor is waited for as long as it takes.
std::vector<std::string> patient_flags(std::vector<std::string> more = {}) {
  std::vector<std::string> flags = kPatientServer;
  flags.insert(flags.end(), {"--lock-timeout", "1m"});
  flags.insert(flags.end(), more.begin(), more.end());
  return flags;
}

void stop(ServerProcess& server) {
  server.signal(SIGTERM);
  const std::optional<ExitStatus> exit = server.wait_exit(kPatience);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 0);
}

std::string text_of(const RestartLoad::Counts& counts) {
  std::ostringstream text;
  text << counts;
  return text.str();
}

RestartLoad::Settings load_of(const Endpoint& endpoint) {
  return {.endpoint = endpoint, .arrivals_per_s = kArrivalsPerS, .seed = test_seed()};
}

// As many restarts as that, each in the middle of a wave.
void restart_under_load(ServerProcess& server, RestartLoad& load) {
  const int restarts = ordinary_or_long(3, 20);
  for (int i = 0; i < restarts; ++i) {
    SCOPED_TRACE("restart " + std::to_string(i));
    load.begin_wave(kWaveNs);
    ASSERT_TRUE(wait_until(kPatience, [&] { return load.wave_served() >= 50; }));
    ASSERT_NO_FATAL_FAILURE(stop(server));
    ASSERT_TRUE(server.start());
    load.end_wave();
  }
  load.finish();
  std::printf("%s\n", text_of(load.counts()).c_str());
}

class InheritedSocket : public testing::Test {
 protected:
  InheritedSocket() { raise_descriptor_limit(); }

  ServerProcess server(std::vector<std::string> flags = {}) const {
    return ServerProcess({.flags = patient_flags(std::move(flags)), .listen = {}, .sockets = {socket_.get()}});
  }

  Descriptor socket_ = listen_on_loopback(kBacklog);
};

TEST_F(InheritedSocket, RestartsUnderLoadRefuseResetAndLoseNobody) {
  ServerProcess servers = server();
  ASSERT_TRUE(servers.start());
  RestartLoad load(load_of(servers.endpoint()));
  ASSERT_NO_FATAL_FAILURE(restart_under_load(servers, load));
  const RestartLoad::Counts counts = load.counts();
  EXPECT_EQ(counts.refused(), 0u) << counts;
  EXPECT_EQ(counts.reset(), 0u) << counts;
  EXPECT_EQ(counts.unanswered(), 0u) << counts;
  EXPECT_EQ(counts.arrivals.served, counts.arrivals.offered);
  EXPECT_TRUE(load.find_acknowledged(servers.endpoint()));
}

// The keepers' requests are with the server, which stands still, and is killed.
TEST_F(InheritedSocket, ControlAKillIsSeenToReset) {
  ServerProcess servers = server();
  ASSERT_TRUE(servers.start());
  RestartLoad load(load_of(servers.endpoint()));
  ASSERT_TRUE(wait_until(kPatience, [&] { return load.are_all_kept(); }));
  servers.signal(SIGSTOP);
  EXPECT_TRUE(wait_until(kPatience, [&] { return unread_bytes(servers.endpoint()) > 0; }));
  servers.signal(SIGKILL);
  ASSERT_TRUE(servers.wait_exit(kPatience));
  ASSERT_TRUE(servers.start());
  load.finish();
  EXPECT_GT(load.counts().reset(), 0u) << load.counts();
}

TEST_F(InheritedSocket, ControlAClosedSocketIsSeenToRefuse) {
  ServerProcess servers = server();
  ASSERT_TRUE(servers.start());
  RestartLoad load(load_of(servers.endpoint()));
  socket_.reset();
  stop(servers);
  load.begin_wave(kShortWaveNs);
  load.finish();
  EXPECT_GT(load.counts().refused(), 0u) << load.counts();
}

TEST_F(InheritedSocket, ControlASampleThatIsNotThereIsMissed) {
  ServerProcess servers = server();
  ASSERT_TRUE(servers.start());
  RestartLoad load(load_of(servers.endpoint()));
  load.begin_wave(kShortWaveNs);
  load.finish();
  EXPECT_TRUE(load.find_acknowledged(servers.endpoint()));
  stop(servers);
  ServerProcess of_another_store = server();
  ASSERT_TRUE(of_another_store.start());
  EXPECT_FALSE(load.find_acknowledged(of_another_store.endpoint()));
}

// A server whose store cannot be opened yet, since another has the data directory.
class WhileTheStoreOpens : public InheritedSocket {
 protected:
  void SetUp() override { ASSERT_TRUE(holder_.start()); }

  void start_second(std::vector<std::string> flags) {
    std::vector<std::string> arguments = {server_path(), "serve", "--data-dir", holder_.data_dir()};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    second_.emplace(Command{.arguments = std::move(arguments), .sockets = {socket_.get()}});
    ASSERT_TRUE(wait_until(kPatience, [this] { return second_->errors().find("msg=listening") != std::string::npos; }));
  }

  ServerProcess holder_{{.flags = patient_flags()}};
  const Endpoint endpoint_ = local_endpoint(socket_);
  std::optional<ChildProcess> second_;
};

TEST_F(WhileTheStoreOpens, WhoeverComesWaitsForIt) {
  ASSERT_NO_FATAL_FAILURE(start_second(patient_flags()));
  ClientResult<HttpClient> writer = HttpClient::connect(endpoint_, kPatience);
  ClientResult<HttpClient> reader = HttpClient::connect(endpoint_, kPatience);
  ASSERT_TRUE(writer && reader);
  ASSERT_TRUE(writer->send(json_write_text(R"({"name":"patient","value":1,"timestamp":1732363200000})")));
  ASSERT_TRUE(reader->send(request_text("GET", instant_target("up", "1732363200"))));
  ASSERT_TRUE(wait_until(kPatience, [this] { return unread_bytes(endpoint_) == 0; }));
  EXPECT_EQ(get(endpoint_, "/health")->status, 200);
  EXPECT_EQ(get(endpoint_, "/ready")->status, 503);
  ASSERT_NO_FATAL_FAILURE(stop(holder_));
  const ClientResult<HttpReply> written = writer->read_reply();
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ(written->status, 200);
  const ClientResult<HttpReply> read = reader->read_reply();
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->status, 200);
  const auto found = run_query(endpoint_, instant_target("patient", "1732363200"));
  ASSERT_TRUE(found) << found.error();
  EXPECT_EQ(found->series.size(), 1u);
}

TEST_F(WhileTheStoreOpens, WhoeverWaitsTooLongIsToldToComeBack) {
  ASSERT_NO_FATAL_FAILURE(
      start_second({"--queue-target", "10ms", "--queue-deadline", "100ms", "--lock-timeout", "1m"}));
  const ClientResult<HttpReply> reply = fetch(endpoint_, json_write_text(R"({"name":"late","value":1})"));
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->status, 503);
  EXPECT_FALSE(reply->header("Retry-After").empty());
}

TEST_F(WhileTheStoreOpens, WhereItCannotWhoeverWaitsIsTold) {
  std::vector<std::string> flags = kPatientServer;
  flags.insert(flags.end(), {"--lock-timeout", "3s"});
  // Sent before the server is there: all of its three seconds are for taking the request.
  ClientResult<HttpClient> writer = HttpClient::connect(endpoint_, kPatience);
  ASSERT_TRUE(writer) << writer.error().message;
  ASSERT_TRUE(writer->send(json_write_text(R"({"name":"late","value":1})")));
  ASSERT_NO_FATAL_FAILURE(start_second(flags));
  const ClientResult<HttpReply> reply = writer->read_reply();
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->status, 503);
  const std::optional<ExitStatus> exit = second_->wait_exit(kPatience);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 1);
}

class OwnSocket : public testing::Test {
 protected:
  OwnSocket() {
    raise_descriptor_limit();
    prctl(PR_SET_CHILD_SUBREAPER, 1);
  }

  ServerProcess server() const {
    return ServerProcess({.flags = patient_flags(), .listen = {endpoint_.text()}, .data_dir = files_.file("data")});
  }

  // Stops it, and returns the process id of the keeper that it has started; 0: it has started none.
  static pid_t stop_kept(ServerProcess& server) {
    stop(server);
    const std::string log = server.log();
    constexpr std::string_view kBefore = "listening sockets are kept for a successor\" ms=1000 pid=";
    const size_t at = log.find(kBefore);
    return at == std::string::npos ? 0 : std::atoi(log.c_str() + at + kBefore.size());
  }

  const Endpoint endpoint_{.host = "127.0.0.1", .port = choose_free_port()};
  const TempDir files_;
};

// Waits for the end of a keeper whose server has ended: it is this process's child then, since it is a subreaper.
std::optional<ExitStatus> end_of(pid_t keeper) {
  int status = 0;
  if (!wait_until(kPatience, [&] { return waitpid(keeper, &status, WNOHANG) == keeper; })) return {};
  if (WIFSIGNALED(status)) return ExitStatus{.code = -1, .signal = WTERMSIG(status)};
  return ExitStatus{.code = WEXITSTATUS(status), .signal = 0};
}

// With a sanitizer, the next server may need more than a second until it has the socket.
TEST_F(OwnSocket, RestartsUnderLoadRefuseResetAndLoseNobody) {
  ServerProcess servers = server();
  ASSERT_TRUE(servers.start());
  RestartLoad load(load_of(endpoint_));
  ASSERT_NO_FATAL_FAILURE(restart_under_load(servers, load));
  const RestartLoad::Counts counts = load.counts();
  if (!kIsSanitized) {
    EXPECT_EQ(counts.refused(), 0u) << counts;
  }
  EXPECT_EQ(counts.reset(), 0u) << counts;
  EXPECT_EQ(counts.unanswered(), 0u) << counts;
  EXPECT_EQ(counts.arrivals.served + counts.arrivals.refused + counts.arrivals.connect_refused,
            counts.arrivals.offered);
  EXPECT_TRUE(load.find_acknowledged(endpoint_));
}

TEST_F(OwnSocket, ControlAfterSigintNobodyKeepsItAndConnectsAreRefused) {
  ServerProcess servers = server();
  ASSERT_TRUE(servers.start());
  RestartLoad load(load_of(endpoint_));
  servers.signal(SIGINT);
  ASSERT_TRUE(servers.wait_exit(kPatience));
  load.begin_wave(kShortWaveNs);
  load.finish();
  EXPECT_GT(load.counts().arrivals.connect_refused, 0u) << load.counts();
}

TEST_F(OwnSocket, TheKeeperEndsAsSoonAsTheSuccessorHasTheSocket) {
  ServerProcess servers = server();
  ASSERT_TRUE(servers.start());
  const pid_t keeper = stop_kept(servers);
  ASSERT_GT(keeper, 0) << servers.log();
  ASSERT_TRUE(servers.start());
  if (!kIsSanitized) {
    EXPECT_EQ(servers.log().find("waiting for the address"), std::string::npos) << servers.log();
  }
  const std::optional<ExitStatus> end = end_of(keeper);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->code, 0);
}

TEST_F(OwnSocket, TheKeeperEndsByItselfAndTheAddressIsFree) {
  ServerProcess servers = server();
  ASSERT_TRUE(servers.start());
  const pid_t keeper = stop_kept(servers);
  ASSERT_GT(keeper, 0) << servers.log();
  const std::optional<ExitStatus> end = end_of(keeper);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->code, 0);
  EXPECT_FALSE(HttpClient::connect(endpoint_, kPatience)) << "nobody listens";
}

// Connects, and sends a request whose reply may take a while.
ClientResult<HttpClient> connect_and_ask(const Endpoint& endpoint) {
  ClientResult<HttpClient> client = HttpClient::connect(endpoint, kPatience);
  EXPECT_TRUE(client) << client.error().message;
  if (client) {
    EXPECT_TRUE(client->send(request_text("GET", "/health")));
  }
  return client;
}

std::optional<HttpReply> reply_to_who_waits(HttpClient& client) {
  ClientResult<HttpReply> reply = client.read_reply();
  EXPECT_TRUE(reply) << reply.error().message;
  return reply ? std::optional(*std::move(reply)) : std::nullopt;
}

TEST_F(OwnSocket, WhoConnectsBetweenTwoServersIsAnsweredByTheSecond) {
  ServerProcess servers = server();
  ASSERT_TRUE(servers.start());
  ASSERT_GT(stop_kept(servers), 0) << servers.log();
  ClientResult<HttpClient> between = connect_and_ask(endpoint_);
  ASSERT_TRUE(between);
  ASSERT_TRUE(servers.start());
  const std::optional<HttpReply> reply = reply_to_who_waits(*between);
  ASSERT_TRUE(reply);
  EXPECT_TRUE(reply->status == 200 || (kIsSanitized && reply->status == 503)) << reply->status;
}

TEST_F(OwnSocket, WhereNoSecondComesWhoWaitsIsToldToComeBack) {
  ServerProcess servers = server();
  ASSERT_TRUE(servers.start());
  ASSERT_GT(stop_kept(servers), 0) << servers.log();
  ClientResult<HttpClient> waiting = connect_and_ask(endpoint_);
  ASSERT_TRUE(waiting);
  const std::optional<HttpReply> reply = reply_to_who_waits(*waiting);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 503);
  EXPECT_FALSE(reply->header("Retry-After").empty());
}

// A service manager ends what a service has left: who waits is not reset by it.
TEST_F(OwnSocket, AKeeperThatIsEndedByASignalTellsWhoWaits) {
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
    ServerProcess servers = server();
    ASSERT_TRUE(servers.start());
    const pid_t keeper = stop_kept(servers);
    ASSERT_GT(keeper, 0) << servers.log();
    ClientResult<HttpClient> waiting = connect_and_ask(endpoint_);
    ASSERT_TRUE(waiting);
    kill(keeper, number);
    const std::optional<HttpReply> reply = reply_to_who_waits(*waiting);
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 503);
    const std::optional<ExitStatus> end = end_of(keeper);
    ASSERT_TRUE(end);
    EXPECT_EQ(end->code, 0);
  }
}

TEST_F(OwnSocket, TheAddressOfARunningServerIsNotGivenToASecond) {
  ServerProcess first = server();
  ASSERT_TRUE(first.start());
  stop(first);
  ASSERT_TRUE(first.start()) << "with a socket that was kept";
  ChildProcess second({.arguments = {server_path(), "serve", "--data-dir", files_.file("other"), "--listen",
                                     endpoint_.text(), "--lock-timeout", "100ms"}});
  const std::optional<ExitStatus> exit = second.wait_exit(kPatience);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 1);
  EXPECT_NE(second.errors().find("Address already in use; another process listens there"), std::string::npos)
      << second.errors();
}

TEST_F(OwnSocket, AStopWhileTheAddressIsWaitedForIsNoFailure) {
  ServerProcess holder = server();
  ASSERT_TRUE(holder.start());
  const TempDir files;
  ChildProcess waiting({.arguments = {server_path(), "serve", "--data-dir", files.file("data"), "--listen",
                                      endpoint_.text(), "--lock-timeout", "1m"}});
  ASSERT_TRUE(wait_until(kPatience, [&] {
    return waiting.errors().find("waiting for the address") != std::string::npos;
  })) << waiting.errors();
  waiting.signal(SIGTERM);
  const std::optional<ExitStatus> exit = waiting.wait_exit(kPatience);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 0) << waiting.errors();
}

TEST_F(OwnSocket, WhoConnectsWhileItStopsIsAnsweredByTheSuccessor) {
  ServerProcess predecessor = server();
  ASSERT_TRUE(predecessor.start());
  ClientResult<HttpClient> busy = HttpClient::connect(endpoint_, kPatience);
  ASSERT_TRUE(busy) << busy.error().message;
  ASSERT_TRUE(busy->send("GET /health HTTP/1.1\r\n"));
  ASSERT_TRUE(wait_until(kPatience, [this] { return unread_bytes(endpoint_) == 0; }));
  std::vector<std::string> arguments = {server_path(),          "serve",    "--data-dir",
                                        predecessor.data_dir(), "--listen", endpoint_.text()};
  for (const std::string& flag : patient_flags()) arguments.push_back(flag);
  ChildProcess successor({.arguments = std::move(arguments)});
  ASSERT_TRUE(wait_until(kPatience, [&] {
    return successor.errors().find("waiting for the address") != std::string::npos;
  })) << successor.errors();

  predecessor.signal(SIGTERM);
  // At first the predecessor goes on accepting. Whoever it does not take any more stays in the listen queue.
  std::optional<HttpClient> between;
  ASSERT_TRUE(wait_until(kPatience, [&] {
    ClientResult<HttpClient> client = HttpClient::connect(endpoint_, kPatience);
    if (!client || !client->send(json_write_text(R"({"name":"between","value":1})"))) return false;
    if (wait_until(milliseconds(200), [this] { return unread_bytes(endpoint_) == 0; })) return false;
    between.emplace(*std::move(client));
    return true;
  }));
  EXPECT_EQ(successor.errors().find("msg=listening"), std::string::npos) << "it could only let clients wait";
  const ClientResult<HttpReply> last = busy->request("Host: a\r\n\r\n");
  ASSERT_TRUE(last) << last.error().message;
  EXPECT_EQ(last->header("Connection"), "close");
  const std::optional<ExitStatus> exit = predecessor.wait_exit(kPatience);
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->code, 0);
  const std::optional<HttpReply> reply = reply_to_who_waits(*between);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 200);
}

}  // namespace
}  // namespace ms::test
