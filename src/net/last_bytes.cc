#include "net/last_bytes.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"

namespace ms::net {
namespace {

// The coarse clocks advance once a tick.
uint64_t read_tick_ns() {
  timespec resolution{};
  clock_getres(CLOCK_MONOTONIC_COARSE, &resolution);
  return static_cast<uint64_t>(resolution.tv_sec) * kNanosPerSecond + static_cast<uint64_t>(resolution.tv_nsec);
}

}  // namespace

uint64_t since_last_bytes_ns(int fd) {
  static const uint64_t kTickNs = read_tick_ns();
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
  const uint64_t elapsed_ns = uint64_t{info.tcpi_last_data_recv} * kNanosPerMilli;
  return elapsed_ns > kTickNs ? elapsed_ns - kTickNs : 0;
}

bool has_unread_bytes(int fd) {
  int count = 0;
  return ioctl(fd, FIONREAD, &count) == 0 && count > 0;
}

bool has_peer_ended(int fd) {
  char first = 0;
  return recv(fd, &first, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

bool is_end_acknowledged(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && info.tcpi_state == TCP_FIN_WAIT2;
}

}  // namespace ms::net
