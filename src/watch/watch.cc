#include "watch/watch.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "terminal/screen.h"
#include "terminal/terminal.h"
#include "watch/drawing.h"
#include "watch/front_door_json.h"
#include "watch/http_client.h"
#include "watch/signal_descriptor.h"

namespace ms::watch {
namespace {

terminal::Size drawing_size() {
  constexpr terminal::Size kElsewhere{.columns = kDrawingWidthMin, .lines = kDrawingHeightMin};
  return terminal::find_size(STDOUT_FILENO).value_or(kElsewhere);
}

int fail_with(const Error& error) {
  std::fprintf(stderr, "metricstream watch: %s\n", error.message.c_str());
  return 1;
}

// Nothing where `interrupt_fd` has become readable before the answer was there.
Result<std::optional<FrontDoorView>> fetch(HttpClient& client, const std::string& url, int interrupt_fd) {
  auto body = client.get(url, interrupt_fd);
  if (!body) return std::unexpected(std::move(body.error()));
  if (!*body) return std::nullopt;
  auto view = parse_front_door(**body);
  if (!view) return std::unexpected(std::move(view.error()).with_context("not a front door as this build knows it"));
  return std::move(*view);
}

// An overloaded server answers some with 503, and is the one that is looked at with this: who may ask only once asks
// again, for some 3 s, as long as that is the answer.
Result<std::optional<FrontDoorView>> fetch_patiently(const std::string& url) {
  constexpr int kTries = 12;
  constexpr std::chrono::milliseconds kPause(250);
  HttpClient client;
  auto view = fetch(client, url, -1);
  for (int tried = 1; tried < kTries && !view && view.error().code == ErrorCode::kUnavailable; ++tried) {
    std::this_thread::sleep_for(kPause);
    view = fetch(client, url, -1);
  }
  return view;
}

int draw_once(const WatchConfig& config) {
  auto view = fetch_patiently(config.url);
  if (!view) return fail_with(std::move(view.error()).with_context(config.url));
  // A line is left for the prompt that comes after it, where there are enough.
  const terminal::Size size = drawing_size();
  const terminal::Canvas canvas = draw(**view, size.columns, std::max(size.lines - 1, kDrawingHeightMin));
  const std::string text = canvas.render(terminal::colour_for(STDOUT_FILENO));
  if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0) {
    return fail_with({.code = ErrorCode::kIo, .message = "cannot write to stdout"});
  }
  return 0;
}

// Draws until it is told to stop.
class Watcher {
 public:
  Watcher(const WatchConfig& config, SignalDescriptor signals)
      : config_(config), signals_(std::move(signals)), screen_(STDOUT_FILENO) {}

  Result<void> run() {
    while (true) {
      auto fetched = fetch(client_, config_.url, signals_.fd());
      const bool is_interrupted = fetched && !*fetched;
      if (!is_interrupted) {
        take(std::move(fetched));
        if (auto shown = show(); !shown) return shown;
      }
      const auto goes_on = wait(is_interrupted ? 0 : config_.interval_ms);
      if (!goes_on) return std::unexpected(goes_on.error());
      if (!*goes_on) return {};
    }
  }

 private:
  void take(Result<std::optional<FrontDoorView>> fetched) {
    if (!fetched) {
      failure_ = std::move(fetched.error().message);
      return;
    }
    view_ = std::move(*fetched);
    answered_ns_ = monotonic_ns();
    failure_.clear();
  }

  Result<void> show() {
    const terminal::Size size = drawing_size();
    if (failure_.empty()) return screen_.show(draw(*view_, size.columns, size.lines));
    const double silent_ms = static_cast<double>(monotonic_ns() - answered_ns_) / kNanosPerMilli;
    const Silence silence{.url = config_.url, .reason = failure_, .silent_ms = silent_ms};
    return screen_.show(draw_silence(silence, view_, size.columns, size.lines));
  }

  // Waits, and does what signals ask for meanwhile; false where one says to stop.
  Result<bool> wait(int64_t for_ms) {
    const uint64_t until_ns = monotonic_ns() + static_cast<uint64_t>(for_ms) * kNanosPerMilli;
    while (true) {
      while (const std::optional<int> number = signals_.take()) {
        if (*number != SIGWINCH && *number != SIGTSTP) return false;
        if (*number == SIGTSTP) suspend();
        if (!view_ && failure_.empty()) continue;
        if (auto shown = show(); !shown) return std::unexpected(shown.error());
      }
      const uint64_t now_ns = monotonic_ns();
      if (now_ns >= until_ns) return true;
      pollfd signalled{.fd = signals_.fd(), .events = POLLIN, .revents = 0};
      ::poll(&signalled, 1, static_cast<int>((until_ns - now_ns) / kNanosPerMilli) + 1);
    }
  }

  // What SIGTSTP does by default, with the terminal as it was in the meantime.
  void suspend() {
    screen_.leave();
    ::kill(::getpid(), SIGSTOP);
  }

  const WatchConfig& config_;
  SignalDescriptor signals_;
  HttpClient client_;
  terminal::Screen screen_;
  std::optional<FrontDoorView> view_;  // as it was when the server last answered
  std::string failure_;                // why it does not answer now; empty where it does
  uint64_t answered_ns_ = monotonic_ns();
};

}  // namespace

int watch(const WatchConfig& config) {
  if (config.is_once) return draw_once(config);
  auto signals = SignalDescriptor::open();
  if (!signals) return fail_with(signals.error());
  // The watcher is gone, and with it the alternate screen, before a message is printed.
  const Result<void> ran = Watcher(config, std::move(*signals)).run();
  return ran ? 0 : fail_with(ran.error());
}

}  // namespace ms::watch
