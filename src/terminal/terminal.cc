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

std::optional<Size> find_size(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return std::nullopt;
  return Size{.columns = size.ws_col, .lines = size.ws_row};
}

Colour colour_for(int fd) {
  const bool is_wanted = variable("NO_COLOR").empty() && variable("TERM") != "dumb";
  return is_wanted && is_terminal(fd) ? Colour::kOn : Colour::kOff;
}

}  // namespace ms::terminal
