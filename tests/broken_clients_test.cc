// Clients that go away in the middle of a body, or go on sending one that is refused: the former leave nothing behind,
// the latter read why.

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/long_run_testing.h"
#include "support/http_client.h"
#include "support/json_error.h"
#include "support/metrics_page.h"
#include "support/process_figures.h"
#include "support/sanitizer.h"
#include "support/server_process.h"
#include "support/socket.h"
#include "support/wait.h"

namespace ms::test {
namespace {

constexpr size_t kMiB = size_t{1} << 20;

// Sockets whose clients have sent the beginning of a request, and nobody reads from.
class Beginnings {
 public:
  Beginnings(const Endpoint& endpoint, const std::vector<std::string>& requests, size_t count) {
    raise_descriptor_limit();
    for (size_t i = 0; i < count; ++i) sockets_.push_back(begin(endpoint, requests[i % requests.size()]));
  }

  // A close with SO_LINGER of 0 sends RST in the place of FIN.
  void reset_all() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    for (const Descriptor& socket : sockets_) {
      EXPECT_EQ(setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    }
    sockets_.clear();
  }

 private:
  static Descriptor begin(const Endpoint& endpoint, const std::string& request) {
    Descriptor socket = start_connect(endpoint);
    pollfd waited{.fd = socket.get(), .events = POLLOUT, .revents = 0};
    EXPECT_EQ(poll(&waited, 1, 20'000), 1);
    EXPECT_EQ(send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
    return socket;
  }

  std::vector<Descriptor> sockets_;
};

// Bodies of which the end is missing, each in a way of its own.
std::vector<std::string> unfinished_requests() {
  const std::string part(20'000, ' ');
  const std::string json = "POST /metrics HTTP/1.1\r\nHost: a\r\n";
  return {
      json + "Content-Length: 100000\r\n\r\n" + part,
      json + "Content-Length: 8000000\r\n\r\n{",
      json + "Transfer-Encoding: chunked\r\n\r\n4e20\r\n" + part + "\r\n4e20\r\n ",
      json + "Content-Encoding: gzip\r\nContent-Length: 100000\r\n\r\n" + part,
      json + "Expect: 100-continue\r\nContent-Length: 100000\r\n\r\n",
      "POST /api/v1/write HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + part,
  };
}

class BrokenClients : public testing::Test {
 protected:
  using Samples = std::map<std::string, double>;

  // The server's figures, by the client's own connection.
  Samples figures() {
    const ClientResult<HttpReply> page = get(server_.endpoint(), "/metrics");
    return page ? read_samples(page->body) : Samples();
  }

  // Waits until all that clients have begun is over.
  bool comes_to_rest() {
    return wait_until(seconds(20), [this] {
      Samples now = figures();
      return now["metricstream_open_connections"] == 1 && now["metricstream_body_bytes"] == 0 &&
             server_.open_sockets() <= server_.endpoints().size() + 1;
    });
  }

  ServerProcess server_{{.flags = kPatientServer}};
};

TEST_F(BrokenClients, ThatResetInMidBodyLeaveNothingBehind) {
  if (kIsSanitized) GTEST_SKIP() << "a test of load and memory";
  constexpr size_t kWave = 500;
  constexpr uint64_t kMoreMemoryMax = 16 * kMiB;
  constexpr size_t kWaves = 20;
  ASSERT_TRUE(server_.start());
  const std::string write = json_write_text(R"({"name":"beside","value":1})", {{"Connection", "close"}});
  size_t descriptors = 0;
  uint64_t memory = 0;
  for (size_t wave = 0; wave <= kWaves; ++wave) {
    SCOPED_TRACE("wave " + std::to_string(wave));
    Beginnings clients(server_.endpoint(), unfinished_requests(), kWave);
    // Every other wave goes away wherever the server is; the rest when it has read what there is.
    const auto has_read = [this] { return unread_bytes(server_.endpoint()) == 0; };
    ASSERT_TRUE(wave % 2 == 1 || wait_until(seconds(20), has_read));
    clients.reset_all();
    const ClientResult<HttpReply> reply = fetch(server_.endpoint(), write);
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->status, 200) << reply->body;
    if (wave > 0) continue;
    // The first wave has made the threads' and the allocator's own.
    ASSERT_TRUE(comes_to_rest());
    descriptors = open_descriptors(server_.pid());
    memory = resident_bytes(server_.pid());
  }
  EXPECT_TRUE(comes_to_rest()) << server_.open_sockets() << " sockets, " << figures()["metricstream_body_bytes"]
                               << " bytes of bodies";
  EXPECT_LE(open_descriptors(server_.pid()), descriptors + 1);
  EXPECT_LE(resident_bytes(server_.pid()), memory + kMoreMemoryMax);
  constexpr size_t kReadWaves = kWaves / 2;
  EXPECT_GE(figures()["metricstream_broken_connections_total"], static_cast<double>(kWave * kReadWaves));
}

const std::string kBody(8'000'000, ' ');

// A client that sends all of its request before it reads, as simple ones do, so that a reply may have come long before.
void expect_reads(const Endpoint& endpoint, const std::string& request, int status) {
  ClientResult<HttpClient> client = HttpClient::connect(endpoint);
  ASSERT_TRUE(client) << client.error().message;
  const ClientResult<void> sent = client->send(request);
  ASSERT_TRUE(sent) << sent.error().message;
  const ClientResult<HttpReply> reply = client->read_reply();
  ASSERT_TRUE(reply) << reply.error().message;
  ASSERT_EQ(reply->status, status) << reply->body;
  ASSERT_TRUE(is_json_error(*reply));
}

void expect_reads_each_time(const Endpoint& endpoint, const std::string& request, int status) {
  const int times = ordinary_or_long(10, 100);
  for (int i = 0; i < times; ++i) {
    SCOPED_TRACE(std::to_string(status) + ", client " + std::to_string(i));
    ASSERT_NO_FATAL_FAILURE(expect_reads(endpoint, request, status));
  }
}

// The beginning of a request whose body nobody reads, and what is told at once.
struct EarlyReply {
  std::string header;
  int status;
};

TEST(EarlyReplies, ToEightMegabytesAreReadByAllWhoSendThem) {
  if (kIsSanitized) GTEST_SKIP() << "a test of load and time";
  const std::vector<EarlyReply> early_replies = {
      {"POST /nowhere HTTP/1.1\r\nHost: a\r\n", 404},
      {"POST /health HTTP/1.1\r\nHost: a\r\n", 405},
      {"POST /metrics HTTP/1.1\r\nHost: a\r\nExpect: more\r\n", 417},
      {"POST /metrics HTTP/1.1\r\nHost: a\r\nHost: b\r\n", 400},
      {"POST /metrics HTTP/1.1\r\nHost: a\r\nX-Long: " + std::string(9000, 'x') + "\r\n", 431},
      {"BREW /metrics HTTP/1.1\r\nHost: a\r\n", 501},
      {"POST /metrics HTTP/2.0\r\nHost: a\r\n", 505},
  };
  ServerProcess server({.flags = kPatientServer});
  ASSERT_TRUE(server.start());
  for (const EarlyReply& early : early_replies) {
    const std::string request = early.header + "Content-Length: " + std::to_string(kBody.size()) + "\r\n\r\n" + kBody;
    ASSERT_NO_FATAL_FAILURE(expect_reads_each_time(server.endpoint(), request, early.status));
  }
}

TEST(EarlyReplies, ThatEightMegabytesAreTooLargeIsReadByAllWhoSendThem) {
  if (kIsSanitized) GTEST_SKIP() << "a test of load and time";
  std::vector<std::string> flags = kPatientServer;
  flags.insert(flags.end(), {"--memory-limit", "200MiB"});  // the largest body is a thirty-second of it
  ServerProcess server({.flags = flags});
  ASSERT_TRUE(server.start());
  expect_reads_each_time(server.endpoint(), json_write_text(kBody), 413);
}

TEST(EarlyReplies, ThatACodingIsNotTakenIsReadByAllWhoSendEightMegabytesOfIt) {
  if (kIsSanitized) GTEST_SKIP() << "a test of load and time";
  ServerProcess server({.flags = kPatientServer});
  ASSERT_TRUE(server.start());
  expect_reads_each_time(server.endpoint(), json_write_text(kBody, {{"Content-Encoding", "br"}}), 415);
}

TEST(EarlyReplies, ThatThereIsNoRoomIsReadByAllWhoSendEightMegabytes) {
  if (kIsSanitized) GTEST_SKIP() << "a test of load and time";
  ServerProcess server({.flags = {"--max-connections", "1"}});
  ASSERT_TRUE(server.start());
  ASSERT_TRUE(wait_until(seconds(10), [&] { return server.open_sockets() == server.endpoints().size(); }));
  ClientResult<HttpClient> served = HttpClient::connect(server.endpoint());
  ASSERT_TRUE(served && served->request(request_text("GET", "/health")));
  expect_reads_each_time(server.endpoint(), json_write_text(kBody), 503);
}

}  // namespace
}  // namespace ms::test
