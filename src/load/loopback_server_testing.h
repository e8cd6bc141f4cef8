// A server on loopback that answers every connection in one way, well or badly, for the tests of the clients.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "load/http_target.h"
#include "net/listener.h"

namespace ms::load {

enum class Answer {
  kOk,
  kUnavailable,
  kBadRequest,
  kServerError,
  kChunked,
  kUntilFin,        // a body that the FIN ends
  kByteByByte,      // each in a segment of its own
  kLengthTooShort,  // more bytes come than it says
  kLengthTooLong,   // fewer
  kChunksCut,       // FIN before the last chunk
  kHalfAStatusLine,
  kNoStatusLine,
  kFin,
  kReset,
  kResetUnread,  // before the request is read
  kResetInMidReply,
  kResetBehindTheReply,
  kSilence,
  kSilenceInMidReply,
  kOkAndNoFin,        // though it says that it closes
  kOkAndStaysOpen,    // nor does it say so
  kOkTwice,           // serves a second request on each connection, and then sends FIN without a word before
  kOkTwiceAndSaysSo,  // as above, with Connection: close in the second reply
};

inline Target target_of(const net::Listener& listener) {
  Target target{.size = sizeof target.address};
  getsockname(listener.fd(), reinterpret_cast<sockaddr*>(&target.address), &target.size);
  return target;
}

// Connections that nobody accepts: as many as the queue of a listener with a backlog of 1 takes, and one more.
inline std::vector<Descriptor> fill_queue(const Target& target) {
  std::vector<Descriptor> waiting;
  for (int i = 0; i < 3; ++i) {
    Descriptor client(socket(target.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    std::ignore = connect(client.get(), reinterpret_cast<const sockaddr*>(&target.address), target.size);
    waiting.push_back(std::move(client));
  }
  return waiting;
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
      if (answer_ != Answer::kResetUnread) seen.request = read_request(client.get());
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
    const int fd = client.get();
    switch (answer_) {
      case Answer::kOk:
        return say(fd, kOk);
      case Answer::kUnavailable:
        return say(fd, "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n\r\n");
      case Answer::kBadRequest:
        return say(fd, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      case Answer::kServerError:
        return say(fd, "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n");
      case Answer::kChunked:
        return say(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n");
      case Answer::kUntilFin:
        return say(fd, "HTTP/1.0 200 OK\r\n\r\nok");
      case Answer::kByteByByte:
        for (const char& byte : kOk) say(fd, {&byte, 1});
        return;
      case Answer::kLengthTooShort:
        return say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more");
      case Answer::kLengthTooLong:
        return say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok");
      case Answer::kChunksCut:
        return say(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n");
      case Answer::kHalfAStatusLine:
        return say(fd, "HTTP/1.1 2");
      case Answer::kNoStatusLine:
        return say(fd, "HTTP/1.1 2x0 OK\r\n\r\n");
      case Answer::kFin:
        return;
      case Answer::kReset:
      case Answer::kResetUnread:
        return reset(fd);
      case Answer::kResetInMidReply:
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok");
        return reset(fd);
      case Answer::kResetBehindTheReply:
        say(fd, kOk);
        return reset(fd);
      case Answer::kSilence:
        return keep(std::move(client));
      case Answer::kSilenceInMidReply:
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok");
        return keep(std::move(client));
      case Answer::kOkAndNoFin:
        say(fd, kLastOk);
        return keep(std::move(client));
      case Answer::kOkAndStaysOpen:
        say(fd, kOk);
        return keep(std::move(client));
      case Answer::kOkTwice:
      case Answer::kOkTwiceAndSaysSo:
        say(fd, kOk);
        if (!read_request(fd).empty()) say(fd, answer_ == Answer::kOkTwice ? kOk : kLastOk);
        return;
    }
  }

  static constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  static constexpr std::string_view kLastOk = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";

  // The connection is reset when it is closed.
  static void reset(int fd) {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }

  void keep(Descriptor client) { kept_.push_back(std::move(client)); }

  static void say(int fd, std::string_view text) { send(fd, text.data(), text.size(), MSG_NOSIGNAL); }

  net::Listener& listener_;
  const Answer answer_;
  std::vector<Seen> seen_;
  std::vector<Descriptor> kept_;
  std::thread thread_;
};

}  // namespace ms::load
