#include "net/socket_keeper.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"

namespace ms::net {
namespace {

// The keeper's descriptors: the pipe from its predecessor, and from there on a socket and its offer by turns.
constexpr int kPredecessor = 3;
constexpr int kFirstKept = 4;
// Who may wait to be told off before our successor's turn comes.
constexpr int kAskersMax = 16;

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

// Whether whoever asked first has it now.
bool pass_on(const KeptSocket& kept) {
  const Descriptor asker(accept4(kept.offer.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  return asker && is_of_own_user(asker.get()) && send_descriptor(asker.get(), kept.socket.get());
}

// A copy that no descriptor of the keeper's overwrites as they are put into their places, one after the other.
Result<Descriptor> copy_above(int fd, size_t places) {
  Descriptor copy(fcntl(fd, F_DUPFD_CLOEXEC, kPredecessor + static_cast<int>(places)));
  if (!copy) return fail_errno("copy a listening socket", errno);
  return copy;
}

// posix_spawn's settings: file actions and attributes, freed with it.
class Spawn {
 public:
  Spawn() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    // Whoever waits for the end of the server's output does not wait for the keeper.
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
      posix_spawn_file_actions_addopen(&actions_, fd, "/dev/null", O_RDWR, 0);
    }
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK);
  }
  Spawn(const Spawn&) = delete;
  Spawn& operator=(const Spawn&) = delete;
  ~Spawn() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }

  void put(const Descriptor& from, int to) { posix_spawn_file_actions_adddup2(&actions_, from.get(), to); }

  // With all from `end` on closed before this returns: connections, and the lock of the data directory.
  Result<pid_t> run(const std::string& argument, int end) {
    posix_spawn_file_actions_addclosefrom_np(&actions_, end);
    std::string command(kKeepSocketsCommand);
    std::string name = "metricstream";
    std::string count = argument;
    const std::array<char*, 4> arguments = {name.data(), command.data(), count.data(), nullptr};
    pid_t pid = 0;
    // The file that runs, even where another one has taken its name since.
    const int error = posix_spawn(&pid, "/proc/self/exe", &actions_, &attributes_, arguments.data(), environ);
    if (error != 0) return fail_errno("execute /proc/self/exe", error);
    return pid;
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

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

void hand_over(std::span<KeptSocket> kept, Descriptor predecessor, uint64_t keep_ms) {
  std::vector<pollfd> polled;
  for (const KeptSocket& each : kept) polled.push_back({.fd = each.offer.get(), .events = POLLIN, .revents = 0});
  polled.push_back({.fd = predecessor.get(), .events = 0, .revents = 0});  // its end is told unasked
  std::optional<uint64_t> end_ns;
  for (size_t left = kept.size(); left > 0;) {
    int timeout_ms = -1;
    if (end_ns) {
      const uint64_t now_ns = monotonic_ns();
      if (now_ns >= *end_ns) return;
      timeout_ms = static_cast<int>((*end_ns - now_ns) / kNanosPerMilli) + 1;
    }
    if (poll(polled.data(), polled.size(), timeout_ms) <= 0) continue;
    if (polled.back().revents != 0) {
      end_ns = monotonic_ns() + keep_ms * kNanosPerMilli;
      polled.back() = {.fd = -1, .events = 0, .revents = 0};
    }
    for (size_t i = 0; i < kept.size(); ++i) {
      const bool is_asked_for = polled[i].revents == POLLIN;
      if (polled[i].revents == 0 || (is_asked_for && !pass_on(kept[i]))) continue;
      // It has been passed on, or is no socket that can be.
      polled[i] = {.fd = -1, .events = 0, .revents = 0};
      kept[i] = {};
      --left;
    }
  }
}

Result<pid_t> start_socket_keeper(const std::vector<int>& sockets) {
  const size_t places = 1 + 2 * sockets.size();
  std::vector<KeptSocket> kept;
  for (const int fd : sockets) {
    if (!is_listening(fd)) continue;
    auto copy = copy_above(fd, places);
    if (!copy) return std::unexpected(std::move(copy).error());
    auto offered = offer_socket(std::move(*copy));
    if (!offered) return std::unexpected(std::move(offered).error());
    auto offer = copy_above(offered->offer.get(), places);
    if (!offer) return std::unexpected(std::move(offer).error());
    offered->offer = std::move(*offer);
    kept.push_back(std::move(*offered));
  }
  if (kept.empty()) return 0;

  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return fail_errno("pipe", errno);
  const Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  const auto predecessor = copy_above(reading.get(), places);
  if (!predecessor) return std::unexpected(predecessor.error());

  Spawn spawn;
  spawn.put(*predecessor, kPredecessor);
  int place = kFirstKept;
  for (const KeptSocket& each : kept) {
    spawn.put(each.socket, place++);
    spawn.put(each.offer, place++);
  }
  auto pid = spawn.run(std::to_string(kept.size()), place);
  // Open for as long as this process is there.
  if (pid) writing.release();
  return pid;
}

void run_socket_keeper(size_t count) {
  prctl(PR_SET_NAME, "ms-keeper");
  std::vector<KeptSocket> kept;
  for (int place = kFirstKept; kept.size() < count; place += 2) {
    kept.push_back({.socket = Descriptor(place), .offer = Descriptor(place + 1)});
  }
  hand_over(kept, Descriptor(kPredecessor), kKeepSocketsMs);
  _exit(0);
}

Descriptor ask_socket_keeper(const Endpoint& endpoint, bool is_both_families) {
  const LocalAddress name = name_of(endpoint, is_both_families);
  const Descriptor keeper(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!keeper || connect(keeper.get(), name.get(), name.size) != 0 || !is_of_own_user(keeper.get())) return {};
  pollfd polled{.fd = keeper.get(), .events = POLLIN, .revents = 0};
  if (poll(&polled, 1, static_cast<int>(kKeepSocketsMs)) != 1) return {};
  Descriptor kept = receive_descriptor(keeper.get());
  if (!is_listening(kept.get()) || Endpoint::local_of(kept.get()) != endpoint) return {};
  return kept;
}

}  // namespace ms::net
