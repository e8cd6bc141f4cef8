// A server on loopback that keeps its connections open and answers each request as a script says, for the tests of
// clients that write.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/descriptor.h"
#include "net/listener.h"

namespace ms::load {

enum class Deed : uint8_t {
  kAnswer204,
  kAnswer200InChunks,
  kAnswer400,
  kAnswer503,
  kAnswer204InPieces,      // one byte after the other
  kAnswer204AndClose,      // says so
  kAnswer204AndCloseMute,  // does not say so
  kRefuseEarly,            // 413 when the head is there; nothing more is read
  kResetInBody,
  kCloseWithoutReply,
  kCloseInReply,
  kTalkNonsense,
  kNeverAnswer,
};

// A thread for each connection, so few of them.
class KeepAliveServer {
 public:
  // `script` is told the number of the request, from 0 on; several threads ask it.
  KeepAliveServer(net::Listener& listener, std::function<Deed(uint64_t)> script)
      : listener_(listener), script_(std::move(script)), thread_([this] { accept_all(); }) {}
  ~KeepAliveServer() { stop(); }

  void stop() {
    if (!thread_.joinable()) return;
    listener_.stop_listening();
    thread_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const Descriptor& client : clients_) shutdown(client.get(), SHUT_RDWR);
    }
    for (std::thread& each : serving_) each.join();
  }

  uint64_t requests() const { return requests_.load(); }
  size_t connections() const { return serving_.size(); }       // after stop()
  std::vector<std::string> bodies() const { return bodies_; }  // that came whole; after stop()

 private:
  void accept_all() {
    while (true) {
      pollfd listening{.fd = listener_.fd(), .events = POLLIN, .revents = 0};
      if (poll(&listening, 1, -1) < 0 && errno != EINTR) return;
      const int client = accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0 && errno == EINVAL) return;
      if (client < 0) continue;
      const std::lock_guard lock(mutex_);
      clients_.emplace_back(client);
      serving_.emplace_back([this, fd = client] { serve(fd); });
    }
  }

  void serve(int fd) {
    std::string received;
    while (serve_one(fd, received)) {
    }
    shutdown(fd, SHUT_RDWR);
  }

  // Whether the connection goes on.
  bool serve_one(int fd, std::string& received) {
    size_t head_bytes = 0;
    while ((head_bytes = received.find("\r\n\r\n")) == std::string::npos) {
      if (!receive_some(fd, received)) return false;
    }
    head_bytes += 4;
    const size_t length = content_length(received.substr(0, head_bytes));
    const Deed deed = script_(requests_++);
    if (deed == Deed::kRefuseEarly) return refuse_early(fd);
    const size_t wanted = deed == Deed::kResetInBody ? length / 2 : length;
    while (received.size() < head_bytes + wanted) {
      if (!receive_some(fd, received)) return false;
    }
    if (deed == Deed::kResetInBody) return reset(fd);
    const std::string body = received.substr(head_bytes, length);
    received.erase(0, head_bytes + length);
    {
      const std::lock_guard lock(mutex_);
      bodies_.push_back(body);
    }
    return answer(fd, deed);
  }

  bool answer(int fd, Deed deed) {
    constexpr std::string_view k204 = "HTTP/1.1 204 No Content\r\n\r\n";
    switch (deed) {
      case Deed::kAnswer204:
        return say(fd, k204);
      case Deed::kAnswer200InChunks:
        return say(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
      case Deed::kAnswer400:
        return say(fd, "HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\n\r\nno\n");
      case Deed::kAnswer503:
        return say(fd, "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n");
      case Deed::kAnswer204InPieces:
        for (const char byte : k204) say(fd, {&byte, 1});
        return true;
      case Deed::kAnswer204AndClose:
        say(fd, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
        return false;
      case Deed::kAnswer204AndCloseMute:
        say(fd, k204);
        return false;
      case Deed::kCloseInReply:
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nab");
        return false;
      case Deed::kTalkNonsense:
        return say(fd, "220 mail.example.org ready\r\n\r\n");
      case Deed::kNeverAnswer: {
        std::string ignored;
        while (receive_some(fd, ignored)) {
        }
        return false;
      }
      case Deed::kCloseWithoutReply:
      case Deed::kRefuseEarly:
      case Deed::kResetInBody:
        break;
    }
    return false;
  }

  // The rest is read and thrown away, so that no reset overtakes the reply.
  static bool refuse_early(int fd) {
    say(fd, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    shutdown(fd, SHUT_WR);
    std::string ignored;
    while (receive_some(fd, ignored)) ignored.clear();
    return false;
  }

  // A connection that is closed with linger 0, or connected to nothing, resets its peer.
  static bool reset(int fd) {
    sockaddr nowhere{};
    nowhere.sa_family = AF_UNSPEC;
    connect(fd, &nowhere, sizeof nowhere);
    return false;
  }

  static bool receive_some(int fd, std::string& received) {
    std::array<char, 64 * 1024> buffer;
    const ssize_t got = recv(fd, buffer.data(), buffer.size(), 0);
    if (got > 0) received.append(buffer.data(), static_cast<size_t>(got));
    return got > 0;
  }

  static bool say(int fd, std::string_view text) { return send(fd, text.data(), text.size(), MSG_NOSIGNAL) >= 0; }

  static size_t content_length(const std::string& head) {
    constexpr std::string_view kName = "Content-Length: ";
    const size_t at = head.find(kName);
    size_t length = 0;
    if (at == std::string::npos) return 0;
    std::from_chars(head.data() + at + kName.size(), head.data() + head.size(), length);
    return length;
  }

  net::Listener& listener_;
  const std::function<Deed(uint64_t)> script_;
  std::atomic<uint64_t> requests_ = 0;
  std::mutex mutex_;  // of what follows, until the threads are joined
  std::vector<Descriptor> clients_;
  std::vector<std::thread> serving_;
  std::vector<std::string> bodies_;
  std::thread thread_;
};

}  // namespace ms::load
