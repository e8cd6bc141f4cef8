#include "terminal/screen.h"

#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "terminal/terminal.h"

namespace ms::terminal {
namespace {

constexpr std::string_view kEnter = "\033[?1049h\033[?25l";  // alternate screen, no cursor
constexpr std::string_view kLeave = "\033[?25h\033[?1049l";
constexpr std::string_view kHome = "\033[H";
constexpr std::string_view kEraseLine = "\033[2K";

Result<void> write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno("write the drawing", errno);
    text.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

// Each line erases what is in its place first: after a line as wide as the terminal, erasing its rest would erase its
// last character. The last one ends without a line feed, which would scroll.
std::string in_place(std::string_view lines) {
  std::string out(kHome);
  while (!lines.empty()) {
    const size_t end = lines.find('\n');
    out.append(kEraseLine).append(lines.substr(0, end));
    lines.remove_prefix(end + 1);
    if (!lines.empty()) out += "\r\n";
  }
  return out;
}

}  // namespace

Screen::Screen(int fd) : fd_(fd), is_screen_(is_screen(fd)) {}

Screen::~Screen() { leave(); }

Result<void> Screen::show(const Canvas& canvas) {
  const std::string lines = canvas.render(colour_for(fd_));
  std::string out;
  if (is_screen_) {
    if (!is_entered_) out += kEnter;
    is_entered_ = true;
    out += in_place(lines);
  } else {
    out = (is_first_ ? "" : "\n") + lines;
  }
  is_first_ = false;
  return write_all(fd_, out);
}

void Screen::leave() {
  if (!is_entered_) return;
  is_entered_ = false;
  static_cast<void>(write_all(fd_, kLeave));  // a terminal that is gone needs nothing back
}

}  // namespace ms::terminal
