#include "net/socket_keeper.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <string>
#include <utility>

#include "base/clock.h"
#include "net/acceptor.h"
#include "net/descriptors.h"
#include "net/listener.h"
#include "net/refuser.h"

namespace ms::net {
namespace {

// The keeper's descriptors: the pipe from its predecessor, and from there on a socket and its offer by turns.
constexpr int kPredecessor = 3;
constexpr int kFirstKept = 4;
constexpr size_t kGuestsMax = 512;
// How long to go on with those who wait and whose handshake is under way.
constexpr uint64_t kRefuseMsMax = 1000;

// Those that end the keeper. They are held back from its first instruction on, to be heard by a signalfd.
sigset_t end_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
  return signals;
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
    const sigset_t blocked = end_signals();
    posix_spawnattr_setsigmask(&attributes_, &blocked);
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

// Waits until the predecessor has ended. False: the keeper was told to end meanwhile.
bool outlive(const Descriptor& predecessor, const Descriptor& end) {
  std::array<pollfd, 2> polled = {{{.fd = predecessor.get(), .events = 0, .revents = 0},  // its end is told unasked
                                   {.fd = end.get(), .events = POLLIN, .revents = 0}}};
  bool is_told_to_end = false;
  while (polled[0].revents == 0) {
    poll(polled.data(), polled.size(), -1);
    if (polled[1].revents == 0) continue;
    is_told_to_end = true;
    polled[1] = {.fd = -1, .events = 0, .revents = 0};
  }
  return !is_told_to_end;
}

// Of who is told to come again, so many at a time are seen off.
size_t guests_max() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return std::min<size_t>(kGuestsMax, limit.rlim_cur / 2);
}

void refuse_queues(const std::vector<Listener>& listeners, Refuser& refuser, RoomSignal& room) {
  Acceptor acceptor(listeners, refuser, room, 0, {});
  acceptor.close(kRefuseMsMax, [&acceptor](Acceptor::Source& source) {
    auto accepted = acceptor.accept(source);
    for (; accepted; accepted = acceptor.accept(source)) {
      acceptor.refuse(std::move(accepted->fd), accepted->arrival, Outcome::kRefusedQueue);
    }
    if (accepted.error() == Acceptor::None::kBlocked) acceptor.pause();
    return accepted.error() == Acceptor::None::kEmpty;
  });
}

}  // namespace

void hand_over(std::span<KeptSocket> kept, Descriptor predecessor, const Descriptor& end, uint64_t keep_ms) {
  if (!outlive(predecessor, end)) return;
  const uint64_t end_ns = monotonic_ns() + keep_ms * kNanosPerMilli;
  std::vector<pollfd> polled;
  for (const KeptSocket& each : kept) polled.push_back({.fd = each.offer.get(), .events = POLLIN, .revents = 0});
  polled.push_back({.fd = end.get(), .events = POLLIN, .revents = 0});
  for (size_t left = kept.size(); left > 0;) {
    const uint64_t now_ns = monotonic_ns();
    if (now_ns >= end_ns || polled.back().revents != 0) return;
    const int timeout_ms = static_cast<int>((end_ns - now_ns) / kNanosPerMilli) + 1;
    if (poll(polled.data(), polled.size(), timeout_ms) <= 0) continue;
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

void refuse_waiting(std::span<KeptSocket> kept, std::string_view refusal) {
  std::vector<Listener> listeners;
  for (KeptSocket& each : kept) {
    each.offer.reset();
    if (!each.socket) continue;  // it has been passed on
    if (auto listener = Listener::adopt(std::move(each.socket), 0)) listeners.push_back(std::move(*listener));
  }
  auto room = RoomSignal::open();
  if (listeners.empty() || !room) return;
  auto refuser = Refuser::open(refusal, guests_max(), **room);
  if (!refuser) return;
  (*refuser)->hurry();
  refuse_queues(listeners, **refuser, **room);
  listeners.clear();  // the address is free: the predecessor has ended
  (*refuser)->wait_until_empty();
}

Result<pid_t> start_socket_keeper(const std::vector<int>& sockets) {
  const size_t places = 1 + 2 * sockets.size();
  std::vector<KeptSocket> kept;
  for (const int fd : sockets) {
    auto copy = copy_above(fd, places);
    if (!copy) return std::unexpected(std::move(copy).error());
    auto offered = offer_socket(std::move(*copy));
    if (!offered) return std::unexpected(std::move(offered).error());
    auto offer = copy_above(offered->offer.get(), places);
    if (!offer) return std::unexpected(std::move(offer).error());
    offered->offer = std::move(*offer);
    kept.push_back(std::move(*offered));
  }

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

void run_socket_keeper(size_t count, std::string_view refusal) {
  prctl(PR_SET_NAME, "ms-keeper");
  std::vector<KeptSocket> kept;
  for (int place = kFirstKept; kept.size() < count; place += 2) {
    kept.push_back({.socket = Descriptor(place), .offer = Descriptor(place + 1)});
  }
  const sigset_t signals = end_signals();
  const Descriptor end(signalfd(-1, &signals, SFD_CLOEXEC));
  hand_over(kept, Descriptor(kPredecessor), end, kKeepSocketsMs);
  refuse_waiting(kept, refusal);
  _exit(0);
}

}  // namespace ms::net
