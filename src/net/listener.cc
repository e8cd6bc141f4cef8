#include "net/listener.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>

#include "net/kept_socket.h"

namespace ms::net {
namespace {

// A keeper answers when its predecessor has ended. Who asks goes on asking, and looks for a stop in between.
constexpr uint64_t kAskMs = 100;

struct HostPort {
  std::string host;  // empty: every address
  std::string port;
};

Result<HostPort> split_address(std::string_view address) {
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::kInvalid, "listen address \"" + std::string(address) + "\": " + std::string(why) +
                                         "; write it as 127.0.0.1:8080, [::1]:8080 or :8080");
  };
  const size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return bad("no port");
  std::string_view host = address.substr(0, colon);
  const std::string_view port = address.substr(colon + 1);
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc() || end != port.data() + port.size() || number > 65535) return bad("bad port");
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    if (host.find(':') == std::string_view::npos) return bad("no IPv6 address in the brackets");
  } else if (host.find(':') != std::string_view::npos) {
    return bad("an IPv6 address needs brackets");
  }
  return HostPort{std::string(host), std::string(port)};
}

void set_option(int fd, int level, int name, int value) { setsockopt(fd, level, name, &value, sizeof value); }

// An option of the socket level; -1 where there is none, as with what is no socket.
int get_option(int fd, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  return getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

// What to do about it, behind the system's own words.
std::unexpected<Error> fail_listen(const std::string& what, int error_number) {
  auto failure = fail_errno(what, error_number);
  if (error_number == EADDRINUSE) {
    failure.error().code = ErrorCode::kLocked;
    failure.error().message +=
        "; another process listens there, and `ss -ltnp` names it: stop it, or choose another port";
  } else if (error_number == EACCES) {
    failure.error().message +=
        "; ports below net.ipv4.ip_unprivileged_port_start are for privileged processes: choose a higher one";
  } else if (error_number == EADDRNOTAVAIL) {
    failure.error().message +=
        "; no interface of this machine has that address: `ip address` lists those that there are";
  }
  return failure;
}

// What SK_MEMINFO_DROPS counts since the socket was opened.
uint32_t drops_of(int fd) {
  std::array<uint32_t, SK_MEMINFO_VARS> memory{};
  socklen_t size = sizeof memory;
  getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory.data(), &size);
  return memory[SK_MEMINFO_DROPS];
}

// The socket of a predecessor that ends or has just ended, as if it were opened here; empty where nobody keeps one.
Descriptor take_over(const addrinfo& address, bool is_both_families, int backlog) {
  sockaddr_storage storage{};
  std::memcpy(&storage, address.ai_addr, address.ai_addrlen);
  Descriptor kept = ask_for_socket(Endpoint::from(storage), is_both_families, kAskMs);
  if (!kept || listen(kept.get(), backlog) != 0) return {};
  return kept;
}

Result<Descriptor> listen_on(const addrinfo& address, bool is_every_address, int backlog, const std::string& what) {
  Descriptor fd(socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno(what, errno);
  set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  if (address.ai_family == AF_INET6) set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, is_every_address ? 0 : 1);
  if (bind(fd.get(), address.ai_addr, address.ai_addrlen) != 0) {
    const int error_number = errno;
    Descriptor kept;
    if (error_number == EADDRINUSE) kept = take_over(address, is_both_families(fd.get()), backlog);
    if (!kept) return fail_listen(what, error_number);
    return kept;
  }
  if (listen(fd.get(), backlog) != 0) return fail_listen(what, errno);
  return fd;
}

// Every address is best listened on by an IPv6 socket, which takes IPv4 too; where IPv6 is off, by an IPv4 one. Of a
// name's addresses the first that works is taken; one that another process has is waited for, and not gone round. Else
// the error is that of the first.
Result<Descriptor> listen_on_first(const addrinfo* found, bool is_every_address, int backlog, const std::string& what) {
  std::optional<Error> first_error;
  for (const bool is_ipv6_turn : {true, false}) {
    for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
      const bool is_ipv6 = address->ai_family == AF_INET6;
      if (is_every_address ? is_ipv6 != is_ipv6_turn : !is_ipv6_turn) continue;
      auto fd = listen_on(*address, is_every_address, backlog, what);
      if (fd) return fd;
      if (fd.error().code == ErrorCode::kLocked) return fd;
      if (!first_error) first_error = std::move(fd).error();
    }
  }
  return std::unexpected(first_error.value_or(Error{ErrorCode::kInvalid, what + ": no address found"}));
}

}  // namespace

int read_somaxconn() {
  std::ifstream file("/proc/sys/net/core/somaxconn");
  int value = 0;
  return file >> value && value > 0 ? value : 4096;
}

Result<void> check_listen_address(std::string_view address) {
  auto parts = split_address(address);
  if (!parts) return std::unexpected(std::move(parts).error());
  return {};
}

Result<Listener> Listener::open(std::string_view address, int backlog) {
  auto parts = split_address(address);
  if (!parts) return std::unexpected(std::move(parts).error());
  const std::string what = "listen on " + std::string(address);

  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int lookup =
      getaddrinfo(parts->host.empty() ? nullptr : parts->host.c_str(), parts->port.c_str(), &hints, &found);
  if (lookup != 0) return fail(ErrorCode::kInvalid, what + ": " + gai_strerror(lookup));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> guard(found, freeaddrinfo);

  auto fd = listen_on_first(found, parts->host.empty(), backlog, what);
  if (!fd) return std::unexpected(std::move(fd).error());

  return Listener(std::move(*fd), false);
}

Result<Listener> Listener::adopt(Descriptor fd, int backlog) {
  const std::string what = "inherited descriptor " + std::to_string(fd.get());
  const int family = get_option(fd.get(), SO_DOMAIN);
  const bool is_tcp = get_option(fd.get(), SO_TYPE) == SOCK_STREAM && (family == AF_INET || family == AF_INET6);
  if (!is_tcp || get_option(fd.get(), SO_ACCEPTCONN) != 1) {
    return fail(ErrorCode::kInvalid, what + " is not a listening TCP socket");
  }
  const int flags = fcntl(fd.get(), F_GETFL);
  if (fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) != 0) return fail_errno(what, errno);
  set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  if (backlog != 0 && listen(fd.get(), backlog) != 0) return fail_errno(what + ": listen", errno);
  return Listener(std::move(fd), true);
}

Listener::Listener(Descriptor fd, bool is_inherited)
    : fd_(std::move(fd)),
      is_inherited_(is_inherited),
      endpoint_(Endpoint::local_of(fd_.get())),
      address_(endpoint_.text()),
      drops_before_(is_inherited ? 0 : drops_of(fd_.get())) {}

uint32_t Listener::queue_depth() const {
  tcp_info info{};
  socklen_t size = sizeof info;
  getsockopt(fd_.get(), IPPROTO_TCP, TCP_INFO, &info, &size);
  return info.tcpi_unacked;
}

ListenQueue Listener::queue() const {
  tcp_info info{};
  socklen_t size = sizeof info;
  getsockopt(fd_.get(), IPPROTO_TCP, TCP_INFO, &info, &size);
  return {.depth = info.tcpi_unacked, .limit = info.tcpi_sacked, .drops = drops_of(fd_.get()) - drops_before_};
}

void Listener::stop_listening() const { shutdown(fd_.get(), SHUT_RDWR); }

void Listener::drop_handshakes() const {
  // The filter sees the TCP header (RFC 9293 section 3.1): byte 13 holds the flags, 0x02 SYN and 0x10 ACK.
  sock_filter drop_syn[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13),          BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x12),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x02, 0, 1), BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
  };
  const sock_fprog program{.len = std::size(drop_syn), .filter = drop_syn};
  setsockopt(fd_.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

}  // namespace ms::net
