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

// The address as sock_diag has it. A connect to the wildcard goes to loopback.
std::array<uint32_t, 4> address_of(const Target& target) {
  std::array<uint32_t, 4> words{};
  if (target.address.ss_family == AF_INET6) {
    sockaddr_in6 address{};
    std::memcpy(&address, &target.address, sizeof address);
    const bool is_wildcard = IN6_IS_ADDR_UNSPECIFIED(&address.sin6_addr);
    std::memcpy(words.data(), is_wildcard ? &in6addr_loopback : &address.sin6_addr, sizeof words);
  } else {
    sockaddr_in address{};
    std::memcpy(&address, &target.address, sizeof address);
    words[0] = address.sin_addr.s_addr == INADDR_ANY ? htonl(INADDR_LOOPBACK) : address.sin_addr.s_addr;
  }
  return words;
}

// About the one socket that a SYN to the target would reach, were it this machine.
Question question_about(const Target& target) {
  Question question = question_about(static_cast<uint8_t>(target.address.ss_family), port_of(target), 0);
  const std::array<uint32_t, 4> address = address_of(target);
  std::ranges::copy(address, question.request.id.idiag_src);
  return question;
}

// Whether the address is one of this machine: a socket can be bound to it. The port is another, any that is free.
bool is_here(Target target) {
  sockaddr_in address{};  // an IPv6 address has its port at the same place
  std::memcpy(&address, &target.address, sizeof address);
  address.sin_port = 0;
  std::memcpy(&target.address, &address, sizeof address);
  const Descriptor socket(::socket(target.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return bind(socket.get(), reinterpret_cast<const sockaddr*>(&target.address), target.size) == 0;
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
    found.push_back({.inode = message.idiag_inode,
                     .depth = message.idiag_rqueue,
                     .limit = message.idiag_wqueue,
                     .family = message.idiag_family,
                     .address = std::to_array(message.id.idiag_src)});
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
  if (!is_here(target)) return found;
  const Descriptor netlink = open_netlink();
  ask(netlink.get(), question_about(target), found);
  if (found.empty()) return found;
  const ListeningSocket reached = found.front();
  found.clear();
  ask(netlink.get(), question_about(reached.family, port_of(target), NLM_F_DUMP), found);
  std::erase_if(found, [&](const ListeningSocket& socket) { return socket.address != reached.address; });
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
  if (!is_here(target_)) return;
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
