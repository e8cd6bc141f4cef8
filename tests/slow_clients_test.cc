// Thousands of clients that send a byte now and then: they slow nobody else, and their header's deadline ends them.

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "support/http_client.h"
#include "support/metrics_page.h"
#include "support/sanitizer.h"
#include "support/server_process.h"
#include "support/socket.h"
#include "support/wait.h"

namespace ms::test {
namespace {

// Each sends a byte of a header every five seconds, and reads until the server closes. One thread moves them all.
class SlowCrowd {
 public:
  SlowCrowd(const Endpoint& endpoint, size_t count) : epoll_(epoll_create1(EPOLL_CLOEXEC)), clients_(count) {
    raise_descriptor_limit();
    for (size_t i = 0; i < count; ++i) {
      clients_[i].socket = connect_slowly(endpoint);
      epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
      epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, clients_[i].socket.get(), &event);
    }
    thread_ = std::thread([this] { run(); });
  }
  ~SlowCrowd() {
    is_enough_ = true;
    thread_.join();
  }

  size_t rounds() const { return rounds_; }
  bool has_ended() const { return ended_ == clients_.size(); }
  // Who has read 408 and then the end; once all have ended.
  size_t count_told() const {
    return static_cast<size_t>(std::ranges::count_if(clients_, [](const Client& client) {
      return !client.has_failed && client.received.starts_with("HTTP/1.1 408 ");
    }));
  }

 private:
  struct Client {
    Descriptor socket;
    std::string received;
    bool has_failed = false;
  };

  static Descriptor connect_slowly(const Endpoint& endpoint) {
    Descriptor socket = start_connect(endpoint);
    pollfd waited{.fd = socket.get(), .events = POLLOUT, .revents = 0};
    EXPECT_EQ(poll(&waited, 1, 20'000), 1);
    return socket;
  }

  void run() {
    constexpr seconds kPause{5};
    auto next_round = Clock::now();
    while (!is_enough_ && !has_ended()) {
      if (Clock::now() >= next_round) {
        send_round();
        next_round += kPause;
      }
      std::array<epoll_event, 256> events;
      const int ready = epoll_wait(epoll_.get(), events.data(), events.size(), 20);
      for (int i = 0; i < ready; ++i) receive(clients_[events[i].data.u64]);
    }
  }

  void send_round() {
    constexpr std::string_view kHeader = "GET /health HTTP/1.1\r\nX-Slow: ";
    const char next = rounds_ < kHeader.size() ? kHeader[rounds_] : 'x';
    for (const Client& client : clients_) {
      if (client.socket) send(client.socket.get(), &next, 1, MSG_NOSIGNAL);  // a failure shows when it reads
    }
    ++rounds_;
  }

  void receive(Client& client) {
    char buffer[1024];
    const ssize_t received = recv(client.socket.get(), buffer, sizeof buffer, 0);
    if (received > 0) {
      client.received.append(buffer, static_cast<size_t>(received));
    } else if (received == 0 || errno != EAGAIN) {
      client.has_failed = received < 0;
      client.socket.reset();
      ++ended_;
    }
  }

  Descriptor epoll_;
  std::vector<Client> clients_;
  std::atomic<bool> is_enough_ = false;
  std::atomic<size_t> rounds_ = 0;
  std::atomic<size_t> ended_ = 0;
  std::thread thread_;
};

// Clients that write without a pause, each request on a connection of its own, and have no more than so much patience.
class Traffic {
 public:
  Traffic(const Endpoint& endpoint, milliseconds patience) : endpoint_(endpoint), patience_(patience) {
    for (size_t i = 0; i < kWriters; ++i) threads_.emplace_back([this] { write(); });
  }
  ~Traffic() { stop(); }

  void stop() {
    is_enough_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  size_t answered() const { return answered_; }
  size_t failed() const { return failed_; }  // refused, reset, or not answered in time

 private:
  static constexpr size_t kWriters = 4;

  void write() {
    while (!is_enough_) {
      const bool is_answered = write_once();
      ++(is_answered ? answered_ : failed_);
    }
  }

  bool write_once() const {
    ClientResult<HttpClient> client = HttpClient::connect(endpoint_, patience_);
    if (!client) return false;
    const ClientResult<HttpReply> reply = client->request(request_);
    return reply && reply->status == 200;
  }

  const Endpoint endpoint_;
  const milliseconds patience_;
  const std::string request_ = json_write_text(R"({"name":"beside","value":1})", {{"Connection", "close"}});
  std::atomic<bool> is_enough_ = false;
  std::atomic<size_t> answered_ = 0;
  std::atomic<size_t> failed_ = 0;
  std::vector<std::thread> threads_;
};

double metric(const Endpoint& endpoint, const std::string& name) {
  const ClientResult<HttpReply> page = get(endpoint, "/metrics");
  return page ? read_samples(page->body)["metricstream_" + name] : -1;
}

TEST(SlowClients, HoldNobodyUpAndAreToldThatTheirTimeIsOver) {
  if (kIsSanitized) GTEST_SKIP() << "a test of load and time";
  constexpr size_t kSlow = 5000;
  ServerProcess server({.flags = kPatientServer});
  ASSERT_TRUE(server.start());
  SlowCrowd slow(server.endpoint(), kSlow);
  Traffic traffic(server.endpoint(), seconds(10));
  ASSERT_TRUE(wait_until(seconds(20), [&] { return slow.rounds() == 2; }));
  EXPECT_GE(metric(server.endpoint(), "open_connections"), static_cast<double>(kSlow));

  EXPECT_TRUE(wait_until(seconds(60), [&] { return slow.has_ended(); }));
  traffic.stop();
  std::printf("%zu requests answered beside %zu slow clients\n", traffic.answered(), kSlow);
  EXPECT_EQ(slow.count_told(), kSlow);
  EXPECT_EQ(traffic.failed(), 0u);
  EXPECT_GT(traffic.answered(), 1000u);
  EXPECT_EQ(metric(server.endpoint(), "connection_timeouts_total{kind=\"receive\"}"), static_cast<double>(kSlow));
  EXPECT_TRUE(wait_until(seconds(10), [&] { return metric(server.endpoint(), "open_connections") == 1; }));
}

// The control: the same traffic sees it where slow clients are in its way.
TEST(SlowClients, InlineHoldEverybodyUp) {
  if (kIsSanitized) GTEST_SKIP() << "a test of load and time";
  ServerProcess server({.flags = {"--architecture", "inline"}});
  ASSERT_TRUE(server.start());
  SlowCrowd slow(server.endpoint(), 20);
  ASSERT_TRUE(wait_until(seconds(20), [&] { return slow.rounds() == 1; }));
  Traffic traffic(server.endpoint(), seconds(1));
  EXPECT_TRUE(wait_until(seconds(10), [&] { return traffic.failed() > 0; }));
  traffic.stop();
  EXPECT_EQ(traffic.answered(), 0u);
}

}  // namespace
}  // namespace ms::test
