#include "net/kept_socket.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <utility>

namespace ms::net {
namespace {

// Who may wait to be told off before our successor's turn comes.
constexpr int kAskersMax = 16;
constexpr int kThanksMsMax = 1000;

struct LocalAddress {
  sockaddr_un address{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
};

// "\0metricstream/1000/127.0.0.1:8080". A successor that listens for IPv6 alone does not get a socket for both.
LocalAddress name_of(const Endpoint& endpoint, bool is_both_families) {
  const std::string name =
      "metricstream/" + std::to_string(geteuid()) + "/" + endpoint.text() + (is_both_families ? "/ipv4" : "");
  LocalAddress local;
  local.address.sun_family = AF_UNIX;
  static_assert(sizeof local.address.sun_path >= 96, "the longest name has 13 + 10 + 1 + 47 + 5 bytes, and one before");
  name.copy(local.address.sun_path + 1, sizeof local.address.sun_path - 1);
  local.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  return local;
}

bool is_of_own_user(int local_socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return getsockopt(local_socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == geteuid();
}

bool is_listening(int socket) {
  int value = 0;
  socklen_t size = sizeof value;
  return getsockopt(socket, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) == 0 && value == 1;
}

// One byte, which has the descriptor with it.
struct Parcel {
  char byte = 0;
  iovec bytes{.iov_base = &byte, .iov_len = 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{.msg_name = nullptr,
                 .msg_namelen = 0,
                 .msg_iov = &bytes,
                 .msg_iovlen = 1,
                 .msg_control = control.data(),
                 .msg_controllen = control.size(),
                 .msg_flags = 0};
};

bool send_descriptor(int local_socket, int fd) {
  Parcel parcel;
  cmsghdr* header = CMSG_FIRSTHDR(&parcel.message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fd);
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  return sendmsg(local_socket, &parcel.message, MSG_NOSIGNAL) == 1;
}

Descriptor receive_descriptor(int local_socket) {
  Parcel parcel;
  if (recvmsg(local_socket, &parcel.message, MSG_CMSG_CLOEXEC) != 1) return {};
  const cmsghdr* header = CMSG_FIRSTHDR(&parcel.message);
  if (header == nullptr || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) return {};
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return Descriptor(fd);
}

}  // namespace

bool is_both_families(int socket) {
  int value = 1;
  socklen_t size = sizeof value;
  return getsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, &value, &size) == 0 && value == 0;
}

Result<KeptSocket> offer_socket(Descriptor socket) {
  const LocalAddress name = name_of(Endpoint::local_of(socket.get()), is_both_families(socket.get()));
  Descriptor offer(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!offer || bind(offer.get(), name.get(), name.size) != 0 || listen(offer.get(), kAskersMax) != 0) {
    return fail_errno("offer a listening socket", errno);
  }
  return KeptSocket{.socket = std::move(socket), .offer = std::move(offer)};
}

bool pass_on(const KeptSocket& kept) {
  const Descriptor asker(accept4(kept.offer.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!asker || !is_of_own_user(asker.get()) || !send_descriptor(asker.get(), kept.socket.get())) return false;
  // One who has given up does not have it. One who stands still does.
  pollfd polled{.fd = asker.get(), .events = POLLIN, .revents = 0};
  char thanks = 0;
  return poll(&polled, 1, kThanksMsMax) == 0 || recv(asker.get(), &thanks, 1, 0) == 1;
}

Descriptor ask_for_socket(const Endpoint& endpoint, bool is_both_families, uint64_t wait_ms) {
  const LocalAddress name = name_of(endpoint, is_both_families);
  const Descriptor keeper(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!keeper || connect(keeper.get(), name.get(), name.size) != 0 || !is_of_own_user(keeper.get())) return {};
  pollfd polled{.fd = keeper.get(), .events = POLLIN, .revents = 0};
  if (poll(&polled, 1, static_cast<int>(wait_ms)) != 1) return {};
  Descriptor kept = receive_descriptor(keeper.get());
  if (!is_listening(kept.get()) || Endpoint::local_of(kept.get()) != endpoint) return {};
  if (send(keeper.get(), "", 1, MSG_NOSIGNAL) != 1) return {};
  return kept;
}

}  // namespace ms::net
