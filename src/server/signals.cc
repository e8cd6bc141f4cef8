#include "server/signals.h"

#include <pthread.h>
#include <time.h>

namespace ms::server {
namespace {

sigset_t set_of(std::initializer_list<int> numbers) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : numbers) sigaddset(&signals, number);
  return signals;
}

sigset_t awaited_signals() { return set_of({SIGTERM, SIGINT, SIGHUP, kStoreOpened}); }

}  // namespace

void block_signals() {
  const sigset_t signals = awaited_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

std::optional<int> wait_for_signal(uint64_t timeout_ms) {
  const sigset_t signals = awaited_signals();
  const timespec timeout = {.tv_sec = static_cast<time_t>(timeout_ms / 1000),
                            .tv_nsec = static_cast<long>(timeout_ms % 1000 * 1'000'000)};
  const int number = timeout_ms == 0 ? sigwaitinfo(&signals, nullptr) : sigtimedwait(&signals, nullptr, &timeout);
  // Interrupted, which a debugger does: as if nothing had come.
  return number > 0 ? std::optional(number) : std::nullopt;
}

bool is_stop_pending() {
  sigset_t pending;
  sigpending(&pending);
  return sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1;
}

void unblock_stop_signals() {
  const sigset_t signals = set_of({SIGTERM, SIGINT});
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

}  // namespace ms::server
