#include "net/waiting_peers.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <span>
#include <string>
#include <utility>

#include "base/descriptor.h"

namespace ms::net {
namespace {

constexpr size_t kDatagramBytes = 32 * 1024;  // the kernel fills no more in a dump
constexpr size_t kIPv4Offset = 12;            // of an IPv4-mapped address

int family_of(int fd) {
  int family = AF_UNSPEC;
  socklen_t size = sizeof family;
  getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size);
  return family;
}

template <class Part>
void append(std::string& out, const Part& part) {
  out.append(reinterpret_cast<const char*>(&part), sizeof part);
}

// The program that lets a socket pass whose source is `local`: one condition on port and address, both of which follow
// it in the same operation. An operation jumps ahead: to the end of the program, which passes, or beyond it.
std::string make_filter(const Endpoint& local) {
  std::string address;
  if (!local.is_any_address()) {
    address.assign(local.address.begin() + (local.is_ipv4() ? kIPv4Offset : 0), local.address.end());
  }
  const int family = address.empty() ? AF_UNSPEC : local.is_ipv4() ? AF_INET : AF_INET6;
  const size_t bytes = sizeof(inet_diag_bc_op) + sizeof(inet_diag_hostcond) + address.size();
  std::string filter;
  append(filter, inet_diag_bc_op{.code = INET_DIAG_BC_S_COND,
                                 .yes = static_cast<uint8_t>(bytes),
                                 .no = static_cast<uint16_t>(bytes + sizeof(inet_diag_bc_op))});
  // A hostcond by its bytes: its last member is an array of no size, which C++ has not.
  const std::array<uint8_t, 4> head = {static_cast<uint8_t>(family), static_cast<uint8_t>(8 * address.size())};
  append(filter, head);
  append(filter, int32_t{local.port});
  return filter + address;
}

// Sockets that have a connection, or whose client has sent FIN meanwhile.
std::string make_request(int family, const Endpoint& local) {
  const std::string filter = make_filter(local);
  const auto attribute_bytes = static_cast<uint16_t>(sizeof(rtattr) + filter.size());
  const inet_diag_req_v2 question{.sdiag_family = static_cast<uint8_t>(family),
                                  .sdiag_protocol = IPPROTO_TCP,
                                  .idiag_states = 1u << TCP_ESTABLISHED | 1u << TCP_CLOSE_WAIT};
  std::string request;
  append(request, nlmsghdr{.nlmsg_len = static_cast<uint32_t>(sizeof(nlmsghdr) + sizeof question + attribute_bytes),
                           .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                           .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP});
  append(request, question);
  append(request, rtattr{.rta_len = attribute_bytes, .rta_type = INET_DIAG_REQ_BYTECODE});
  return request + filter;
}

Endpoint peer_of(const inet_diag_msg& message) {
  Endpoint peer;
  const auto* bytes = reinterpret_cast<const uint8_t*>(message.id.idiag_dst);
  if (message.idiag_family == AF_INET) {
    peer.address[10] = peer.address[11] = 0xff;
    std::memcpy(&peer.address[kIPv4Offset], bytes, 4);
  } else {
    std::memcpy(peer.address.data(), bytes, peer.address.size());
  }
  peer.port = ntohs(message.id.idiag_dport);
  return peer;
}

// Takes the messages of one datagram. False: the dump has ended.
bool take_messages(std::span<const char> datagram, WaitingPeers::Sighting& sighting) {
  nlmsghdr header{};
  while (datagram.size() >= sizeof header) {
    std::memcpy(&header, datagram.data(), sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > datagram.size()) return false;
    if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY) return false;  // NLMSG_DONE, NLMSG_ERROR
    inet_diag_msg message{};
    if (header.nlmsg_len < sizeof header + sizeof message) return false;
    std::memcpy(&message, datagram.data() + sizeof header, sizeof message);
    if (message.idiag_inode == 0) {
      ++sighting.total;
      if (sighting.peers.size() < WaitingPeers::kPeersMax) sighting.peers.push_back(peer_of(message));
    }
    datagram = datagram.subspan(std::min<size_t>(NLMSG_ALIGN(header.nlmsg_len), datagram.size()));
  }
  return true;
}

WaitingPeers::Sighting ask_kernel(const Listener& listener, uint64_t now_ns) {
  WaitingPeers::Sighting sighting{.seen_ns = now_ns};
  const Descriptor netlink(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  const std::string request = make_request(family_of(listener.fd()), listener.endpoint());
  if (!netlink || send(netlink.get(), request.data(), request.size(), 0) < 0) return sighting;
  std::vector<char> buffer(kDatagramBytes);
  while (true) {
    // A dump is made as it is read: there is always something, and so this does not wait.
    const ssize_t got = recv(netlink.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got <= 0 || !take_messages(std::span(buffer).first(static_cast<size_t>(got)), sighting)) return sighting;
  }
}

}  // namespace

void WaitingPeers::look(uint64_t now_ns) {
  if (now_ns < next_look_ns_) return;
  const uint64_t cpu_before_ns = cpu_ns_();
  Sighting sighting = ask_kernel(listener_, now_ns);
  next_look_ns_ = now_ns + interval_ns(cpu_ns_() - cpu_before_ns);
  if (sighting.total == 0) return;
  const MutexLock lock(mutex_);
  last_ = std::move(sighting);
}

WaitingPeers::Sighting WaitingPeers::last() const {
  const MutexLock lock(mutex_);
  return last_;
}

}  // namespace ms::net
