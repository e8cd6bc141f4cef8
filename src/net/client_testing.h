// A client on a loopback socket, for the tests of the front door: blocking, and never for longer than 30 s.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "base/descriptor.h"
#include "net/listener.h"

namespace ms::net {

// Waits until `holds`; false after 30 s.
inline bool eventually(const std::function<bool()>& holds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

class Client {
 public:
  // How the server's side ended.
  enum class End { kFin, kReset, kNot };

  struct Reading {
    std::string text;
    End end = End::kNot;

    bool operator==(const Reading&) const = default;
  };

  // `receive_bytes`: of the kernel's buffer; 0: as it comes.
  explicit Client(const Listener& listener, int receive_bytes = 0) : Client(receive_bytes) { connect(listener); }

  // One that has its socket, and is not connected yet.
  explicit Client(int receive_bytes = 0) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval limit{.tv_sec = 30, .tv_usec = 0};
    setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (receive_bytes > 0) setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
  }

  void connect(const Listener& listener) {
    const Endpoint& server = listener.endpoint();
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server.port);
    if (server.is_any_address()) {
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    } else {
      std::memcpy(&address.sin_addr, &server.address[12], sizeof address.sin_addr);
    }
    is_connected_ = ::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }

  bool is_connected() const { return is_connected_; }
  // Its own end, as the server sees it.
  Endpoint endpoint() const { return Endpoint::local_of(fd_.get()); }

  // Whether the kernel took it all.
  bool send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (sent < 0) return false;
      text.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  // The next line, without its end; what there was, where the server ends before the line does.
  std::string read_line() {
    size_t end = input_.find('\n');
    while (end == std::string::npos) {
      const size_t searched = input_.size();
      if (read_some() != End::kNot || has_timed_out_) break;
      end = input_.find('\n', searched);
    }
    const std::string line = input_.substr(0, end);
    input_.erase(0, line.size() + 1);
    return line;
  }

  // Sends a line, and reads one.
  std::string ask(std::string_view request) {
    send(std::string(request) + "\n");
    return read_line();
  }

  // All that comes until the server's side ends.
  Reading read_all() {
    End end = End::kNot;
    while (end == End::kNot && !has_timed_out_) end = read_some();
    return {std::exchange(input_, {}), end};
  }

  // Ends the client's own side; it may still read.
  void finish() { shutdown(fd_.get(), SHUT_WR); }

  // Goes away with a reset instead of FIN.
  void abort() {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    fd_.reset();
  }

 private:
  End read_some() {
    std::array<char, 64 * 1024> buffer;
    const ssize_t got = recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (got == 0) return End::kFin;
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
      has_timed_out_ = true;
      return End::kNot;
    }
    if (got < 0) return End::kReset;
    input_.append(buffer.data(), static_cast<size_t>(got));
    return End::kNot;
  }

  Descriptor fd_;
  bool is_connected_ = false;
  bool has_timed_out_ = false;
  std::string input_;
};

inline std::ostream& operator<<(std::ostream& out, const Client::Reading& reading) {
  constexpr std::array<std::string_view, 3> kEnds = {"FIN", "reset", "no end"};
  return out << testing::PrintToString(reading.text) << " and " << kEnds[static_cast<size_t>(reading.end)];
}

}  // namespace ms::net
