// A server on loopback that answers every connection in one way, for the tests of the clients.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/descriptor.h"
#include "load/http_target.h"
#include "net/listener.h"

namespace ms::load {

enum class Answer { kOk, kUnavailable, kNoStatusLine, kFin, kSilence, kReset };

inline Target target_of(const net::Listener& listener) {
  Target target{.size = sizeof target.address};
  getsockname(listener.fd(), reinterpret_cast<sockaddr*>(&target.address), &target.size);
  return target;
}

// Serves one connection after the other, in a thread of its own.
class LoopbackServer {
 public:
  struct Seen {
    std::string request;
    sockaddr_storage peer{};
  };

  LoopbackServer(net::Listener& listener, Answer answer)
      : listener_(listener), answer_(answer), thread_([this] { serve(); }) {}
  ~LoopbackServer() { stop(); }

  // What has come, in order of arrival; ends the server.
  const std::vector<Seen>& stop() {
    if (thread_.joinable()) {
      listener_.stop_listening();
      thread_.join();
    }
    return seen_;
  }

 private:
  void serve() {
    while (true) {
      pollfd listening{.fd = listener_.fd(), .events = POLLIN, .revents = 0};
      if (poll(&listening, 1, -1) < 0 && errno != EINTR) return;
      Seen seen;
      socklen_t size = sizeof seen.peer;
      Descriptor client(accept4(listener_.fd(), reinterpret_cast<sockaddr*>(&seen.peer), &size, SOCK_CLOEXEC));
      if (!client && errno == EINVAL) return;
      if (!client) continue;
      seen.request = read_request(client.get());
      answer(std::move(client));
      seen_.push_back(std::move(seen));
    }
  }

  static std::string read_request(int fd) {
    std::string request;
    std::array<char, 64 * 1024> buffer;
    while (!request.ends_with("\r\n\r\n")) {
      const ssize_t got = recv(fd, buffer.data(), buffer.size(), 0);
      if (got <= 0) break;
      request.append(buffer.data(), static_cast<size_t>(got));
    }
    return request;
  }

  void answer(Descriptor client) {
    switch (answer_) {
      case Answer::kOk:
        return say(client.get(), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      case Answer::kUnavailable:
        return say(client.get(), "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n\r\n");
      case Answer::kNoStatusLine:
        return say(client.get(), "HTTP/1.1 2x0 OK\r\n\r\n");
      case Answer::kFin:
        return;
      case Answer::kSilence:
        silent_.push_back(std::move(client));
        return;
      case Answer::kReset: {
        const linger at_once{.l_onoff = 1, .l_linger = 0};
        setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        return;
      }
    }
  }

  static void say(int fd, std::string_view text) { send(fd, text.data(), text.size(), MSG_NOSIGNAL); }

  net::Listener& listener_;
  const Answer answer_;
  std::vector<Seen> seen_;
  std::vector<Descriptor> silent_;
  std::thread thread_;
};

}  // namespace ms::load
