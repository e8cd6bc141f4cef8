#include "terminal/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace ms::terminal {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

bool is_terminal(int fd) { return ::isatty(fd) == 1; }

bool is_screen(int fd) { return is_terminal(fd) && variable("TERM") != "dumb"; }

std::optional<Size> find_size(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return std::nullopt;
  return Size{.columns = size.ws_col, .lines = size.ws_row};
}

Colour colour_for(int fd) { return is_screen(fd) && variable("NO_COLOR").empty() ? Colour::kOn : Colour::kOff; }

}  // namespace ms::terminal
