#include "load/child.h"

#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "load/clients.h"
#include "net/descriptors.h"

namespace ms::load {
namespace {

constexpr int kProgressMs = 100;

uint64_t nanoseconds(const timeval& time) {
  return static_cast<uint64_t>(time.tv_sec) * kNanosPerSecond + static_cast<uint64_t>(time.tv_usec) * 1000;
}

}  // namespace

// Laid out in one anonymous shared mapping: the counter, then the attempts.
class LoadChild::Board {
 public:
  static Result<std::unique_ptr<Board>> open(size_t clients) {
    const size_t bytes = sizeof(Header) + clients * sizeof(Attempt);
    // Populated, so that the child's stamps hold no page faults.
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory == MAP_FAILED) return fail_errno("load generator: mmap", errno);
    return std::unique_ptr<Board>(new Board(memory, bytes, clients));
  }
  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;
  ~Board() { munmap(memory_, bytes_); }

  std::atomic<size_t>& ended() { return header_->ended; }
  std::span<Attempt> attempts() { return {attempts_, clients_}; }

 private:
  struct alignas(Attempt) Header {
    std::atomic<size_t> ended = 0;
  };
  static_assert(std::atomic<size_t>::is_always_lock_free);

  Board(void* memory, size_t bytes, size_t clients)
      : memory_(memory),
        bytes_(bytes),
        clients_(clients),
        header_(new(memory) Header),
        attempts_(reinterpret_cast<Attempt*>(static_cast<char*>(memory) + sizeof(Header))) {
    std::uninitialized_default_construct_n(attempts_, clients);
  }

  void* memory_;
  size_t bytes_;
  size_t clients_;
  Header* header_;
  Attempt* attempts_;
};

LoadChild::Process::~Process() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  wait();
}

uint64_t LoadChild::Process::wait() {
  rusage usage{};
  while (wait4(pid_, nullptr, 0, &usage) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime);
}

LoadChild::LoadChild(std::unique_ptr<Board> board, Descriptor channel, pid_t pid)
    : board_(std::move(board)), channel_(std::move(channel)), process_(pid) {}

LoadChild::LoadChild(LoadChild&&) noexcept = default;

LoadChild::~LoadChild() = default;

namespace {

// What the child does; it returns the failure's text.
std::string run_child(const Plan& plan, int channel, pid_t parent, std::span<Attempt> attempts,
                      std::atomic<size_t>& ended) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) return "load generator: the parent has gone";
  // The next client's moment is met to the microsecond, not to the 50 us by which timers are put together.
  prctl(PR_SET_TIMERSLACK, 1);
  if (const auto limit = net::raise_descriptor_limit(); !limit) return limit.error().message;

  Target target;
  const ssize_t got = read(channel, &target, sizeof target);
  if (got != static_cast<ssize_t>(sizeof target)) return "load generator: no target was given";
  const ClientSettings settings{
      .target = target, .requests = plan.requests, .timeout_ns = plan.timeout_ns, .notes_ports = true};
  const auto result = run_open_loop(settings, plan.schedule_ns, [&](size_t client, const Attempt& attempt) {
    attempts[client] = attempt;
    ended.store(ended.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  });
  return result ? std::string() : result.error().message;
}

}  // namespace

Result<LoadChild> LoadChild::fork(const Plan& plan) {
  auto board = Board::open(plan.schedule_ns.size());
  if (!board) return std::unexpected(std::move(board).error());
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return fail_errno("load generator: socketpair", errno);
  }
  Descriptor parents_end(ends[0]);
  const Descriptor childs_end(ends[1]);

  const pid_t parent = getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return fail_errno("load generator: fork", errno);
  if (pid == 0) {
    parents_end.reset();
    const std::string failure = run_child(plan, childs_end.get(), parent, (*board)->attempts(), (*board)->ended());
    // A few bytes always find room; if the parent has gone, there is nobody to tell.
    (void)send(childs_end.get(), failure.data(), failure.size(), MSG_NOSIGNAL);
    _exit(failure.empty() ? 0 : 1);
  }
  return LoadChild(std::move(*board), std::move(parents_end), pid);
}

Result<void> LoadChild::start(const Target& target) {
  const ssize_t sent = send(channel_.get(), &target, sizeof target, MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(sizeof target)) return fail_errno("load generator: start", errno);
  return {};
}

Result<LoadChild::Report> LoadChild::collect(const std::function<void(size_t ended)>& on_progress) {
  std::string failure;
  while (true) {
    pollfd end{.fd = channel_.get(), .events = POLLIN, .revents = 0};
    const int ready = poll(&end, 1, kProgressMs);
    on_progress(board_->ended().load(std::memory_order_relaxed));
    if (ready <= 0) continue;
    std::array<char, 512> text;
    const ssize_t got = read(channel_.get(), text.data(), text.size());
    if (got <= 0) break;
    failure.append(text.data(), static_cast<size_t>(got));
  }
  Report report;
  report.cpu_ns = process_.wait();
  if (!failure.empty()) return fail(ErrorCode::kIo, failure);
  const auto attempts = board_->attempts();
  if (board_->ended().load(std::memory_order_relaxed) != attempts.size()) {
    return fail(ErrorCode::kIo, "load generator: the child was killed");
  }
  report.attempts.assign(attempts.begin(), attempts.end());
  return report;
}

}  // namespace ms::load
