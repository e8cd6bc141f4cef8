#include "load/listen_queue_probe.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <span>
#include <thread>

namespace ms::load {
namespace {

constexpr uint32_t kTcpListen = 10;  // TCP_LISTEN of the kernel's include/net/tcp_states.h

struct Question {
  nlmsghdr header;
  inet_diag_req_v2 request;
};

Descriptor open_netlink() { return Descriptor(socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG)); }

uint16_t port_of(const Target& target) {
  sockaddr_in address{};  // an IPv6 address has its port at the same place
  std::memcpy(&address, &target.address, sizeof address);
  return address.sin_port;
}

Question question_about(uint8_t family, uint16_t port, uint16_t flags) {
  Question question{};
  question.header = {.nlmsg_len = sizeof question,
                     .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                     .nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | flags)};
  question.request.sdiag_family = family;
  question.request.sdiag_protocol = IPPROTO_TCP;
  question.request.idiag_states = 1u << kTcpListen;
  question.request.id.idiag_sport = port;
  question.request.id.idiag_cookie[0] = question.request.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  return question;
}

// About the one socket that a SYN to the target would reach.
Question question_about(const Target& target) {
  const auto family = static_cast<uint8_t>(target.address.ss_family);
  Question question = question_about(family, port_of(target), 0);
  if (family == AF_INET6) {
    sockaddr_in6 address{};
    std::memcpy(&address, &target.address, sizeof address);
    std::memcpy(question.request.id.idiag_src, &address.sin6_addr, sizeof address.sin6_addr);
  } else {
    sockaddr_in address{};
    std::memcpy(&address, &target.address, sizeof address);
    question.request.id.idiag_src[0] = address.sin_addr.s_addr;
  }
  return question;
}

// The sockets among the messages of one datagram of the kernel's; false when it was the answer's last.
bool take_answer(std::span<const char> datagram, std::vector<ListeningSocket>& found) {
  while (datagram.size() >= NLMSG_HDRLEN) {
    nlmsghdr header{};
    std::memcpy(&header, datagram.data(), sizeof header);
    if (header.nlmsg_len < NLMSG_HDRLEN || header.nlmsg_len > datagram.size()) return false;
    if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY) return false;
    inet_diag_msg message{};
    if (header.nlmsg_len < NLMSG_LENGTH(sizeof message)) return false;
    std::memcpy(&message, datagram.data() + NLMSG_HDRLEN, sizeof message);
    // sock_diag(7): of a listening socket idiag_rqueue is the depth of its queue, and idiag_wqueue the backlog.
    found.push_back({.inode = message.idiag_inode, .depth = message.idiag_rqueue, .limit = message.idiag_wqueue});
    if ((header.nlmsg_flags & NLM_F_MULTI) == 0) return false;
    datagram = datagram.subspan(std::min<size_t>(NLMSG_ALIGN(header.nlmsg_len), datagram.size()));
  }
  return true;
}

void ask(int netlink, const Question& question, std::vector<ListeningSocket>& found) {
  if (send(netlink, &question, sizeof question, 0) < 0) return;
  std::array<char, 16 * 1024> answer;
  while (true) {
    const ssize_t got = recv(netlink, answer.data(), answer.size(), 0);
    if (got <= 0 || !take_answer({answer.data(), static_cast<size_t>(got)}, found)) return;
  }
}

}  // namespace

std::vector<ListeningSocket> find_listening_sockets(const Target& target) {
  std::vector<ListeningSocket> found;
  const Descriptor netlink = open_netlink();
  for (const uint8_t family : {uint8_t{AF_INET}, uint8_t{AF_INET6}}) {
    ask(netlink.get(), question_about(family, port_of(target), NLM_F_DUMP), found);
  }
  return found;
}

ListenQueueProbe::ListenQueueProbe(const Target& target)
    : target_(target), netlink_(open_netlink()), thread_("probe", [this] { run(); }) {}

ListenQueueProbe::~ListenQueueProbe() { is_stopping_ = true; }

ListenQueueProbe::Depths ListenQueueProbe::stop() {
  is_stopping_ = true;
  thread_.join();
  if (depths_.samples > 0) depths_.mean = static_cast<double>(sum_) / static_cast<double>(depths_.samples);
  return depths_;
}

void ListenQueueProbe::run() {
  const Question question = question_about(target_);
  std::vector<ListeningSocket> found;
  do {
    found.clear();
    ask(netlink_.get(), question, found);
    if (!found.empty()) {
      ++depths_.samples;
      sum_ += found.front().depth;
      depths_.max = std::max(depths_.max, found.front().depth);
      depths_.limit = found.front().limit;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  } while (!is_stopping_);
}

}  // namespace ms::load
