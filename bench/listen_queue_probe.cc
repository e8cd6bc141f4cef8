#include "listen_queue_probe.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <optional>
#include <thread>

namespace ms::bench {
namespace {

constexpr uint32_t kTcpListen = 10;  // TCP_LISTEN of the kernel's include/net/tcp_states.h

struct Question {
  nlmsghdr header;
  inet_diag_req_v2 request;
};

// sock_diag(7): of a listening socket idiag_rqueue is the depth of its queue.
std::optional<uint32_t> ask_depth(int netlink, uint16_t port) {
  Question question{};
  question.header = {.nlmsg_len = sizeof question, .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST};
  question.request.sdiag_family = AF_INET;
  question.request.sdiag_protocol = IPPROTO_TCP;
  question.request.idiag_states = 1u << kTcpListen;
  question.request.id.idiag_sport = htons(port);
  question.request.id.idiag_src[0] = htonl(INADDR_LOOPBACK);
  question.request.id.idiag_cookie[0] = question.request.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  if (send(netlink, &question, sizeof question, 0) < 0) return std::nullopt;
  std::array<char, 4096> answer;
  const ssize_t got = recv(netlink, answer.data(), answer.size(), 0);
  nlmsghdr header{};
  inet_diag_msg message{};
  if (got < static_cast<ssize_t>(NLMSG_LENGTH(sizeof message))) return std::nullopt;
  std::memcpy(&header, answer.data(), sizeof header);
  if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY) return std::nullopt;
  std::memcpy(&message, answer.data() + NLMSG_HDRLEN, sizeof message);
  return message.idiag_rqueue;
}

}  // namespace

ListenQueueProbe::ListenQueueProbe(uint16_t port)
    : port_(port),
      netlink_(socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG)),
      thread_("probe", [this] { run(); }) {}

ListenQueueProbe::Depths ListenQueueProbe::stop() {
  is_stopping_ = true;
  thread_.join();
  if (depths_.samples > 0) depths_.mean = static_cast<double>(sum_) / static_cast<double>(depths_.samples);
  return depths_;
}

void ListenQueueProbe::run() {
  while (!is_stopping_) {
    if (const auto depth = ask_depth(netlink_.get(), port_)) {
      ++depths_.samples;
      sum_ += *depth;
      depths_.max = std::max(depths_.max, *depth);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace ms::bench
