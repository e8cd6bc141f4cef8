#include "watch/http_client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "base/thread.h"

namespace ms::watch {
namespace {

// Answers the requests of each connection with the given replies in turn; where they are used up, with silence.
class CannedServer {
 public:
  explicit CannedServer(std::vector<std::string> replies)
      : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), replies_(std::move(replies)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_.get(), 8), 0);
    EXPECT_EQ(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/api/v1/front-door";
    thread_.emplace("canned-server", [this] { serve(); });
  }
  ~CannedServer() { ::shutdown(listener_.get(), SHUT_RDWR); }

  const std::string& url() const { return url_; }
  int connections() const { return connections_; }

 private:
  void serve() {
    while (true) {
      const Descriptor connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!connection) return;
      ++connections_;
      while (read_request(connection.get())) {
        if (replied_ == replies_.size()) continue;
        const std::string& reply = replies_[replied_++];
        ::send(connection.get(), reply.data(), reply.size(), MSG_NOSIGNAL);
      }
    }
  }

  static bool read_request(int fd) {
    std::string request;
    std::array<char, 1024> bytes{};
    while (!request.ends_with("\r\n\r\n")) {
      const ssize_t count = ::recv(fd, bytes.data(), bytes.size(), 0);
      if (count <= 0) return false;
      request.append(bytes.data(), static_cast<size_t>(count));
    }
    return true;
  }

  Descriptor listener_;
  std::vector<std::string> replies_;
  size_t replied_ = 0;
  std::string url_;
  std::atomic<int> connections_ = 0;
  std::optional<Thread> thread_;
};

std::string reply_of(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

TEST(HttpClientTest, GetsOneBodyAfterTheOtherOverOneConnection) {
  const CannedServer server({reply_of("200 OK", "one"), reply_of("200 OK", "two")});
  HttpClient client;
  for (const std::string expected : {"one", "two"}) {
    const auto body = client.get(server.url(), -1);
    ASSERT_TRUE(body) << body.error().message;
    EXPECT_EQ(*body, expected);
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST(HttpClientTest, AnyOtherReplyIsAnError) {
  struct Case {
    std::string reply;
    ErrorCode code;
    std::string_view message;
  };
  for (const Case& c : {
           Case{reply_of("404 Not Found", "no such page"), ErrorCode::kInvalid, "HTTP status 404"},
           Case{reply_of("503 Service Unavailable", ""), ErrorCode::kUnavailable, "HTTP status 503"},
           Case{reply_of("302 Found\r\nLocation: /elsewhere", ""), ErrorCode::kInvalid, "HTTP status 302"},
           Case{"no HTTP at all\r\n\r\n", ErrorCode::kIo, "HTTP/0.9"},
       }) {
    const CannedServer server({c.reply});
    HttpClient client;
    const auto body = client.get(server.url(), -1);
    ASSERT_FALSE(body) << **body;
    EXPECT_EQ(body.error().code, c.code) << c.message;
    EXPECT_NE(body.error().message.find(c.message), std::string::npos) << body.error().message;
  }
}

TEST(HttpClientTest, ABodyIsBounded) {
  const std::string body(HttpClient::kBodyBytesMax + 1, 'x');
  for (const std::string& reply : {"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body, reply_of("200 OK", body)}) {
    const CannedServer server({reply});
    HttpClient client;
    const auto got = client.get(server.url(), -1);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, ErrorCode::kTooLarge);
    EXPECT_EQ(got.error().message, "the answer is larger than 16 MiB");
  }
}

TEST(HttpClientTest, SaysWhyNobodyAnswers) {
  std::string url;
  {
    const CannedServer gone({});
    url = gone.url();
  }
  HttpClient client;
  const auto body = client.get(url, -1);
  ASSERT_FALSE(body) << **body;
  EXPECT_NE(body.error().message.find("Failed to connect to 127.0.0.1"), std::string::npos) << body.error().message;
}

TEST(HttpClientTest, AnInterruptEndsTheWaitForAReply) {
  const CannedServer silent({});
  const Descriptor interrupt(::eventfd(1, EFD_CLOEXEC));
  HttpClient client;
  const auto body = client.get(silent.url(), interrupt.get());
  ASSERT_TRUE(body) << body.error().message;
  EXPECT_EQ(*body, std::nullopt);
}

}  // namespace
}  // namespace ms::watch
