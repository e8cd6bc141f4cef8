// A terminal for tests to write to, and the environment that goes with one.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <string>

#include "base/descriptor.h"

namespace ms::terminal {

class PseudoTerminal {
 public:
  PseudoTerminal() : outside_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    EXPECT_EQ(::grantpt(outside_.get()), 0);
    EXPECT_EQ(::unlockpt(outside_.get()), 0);
    inside_ = Descriptor(::open(::ptsname(outside_.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    EXPECT_TRUE(inside_);
  }

  // What the program under test writes to.
  int fd() const { return inside_.get(); }

  void resize(unsigned short columns, unsigned short lines) {
    const winsize size{.ws_row = lines, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    EXPECT_EQ(::ioctl(outside_.get(), TIOCSWINSZ, &size), 0);
  }

  // What has been written to it since the last time, as the terminal's driver passes it on.
  std::string take_output() {
    std::string output;
    pollfd readable{.fd = outside_.get(), .events = POLLIN, .revents = 0};
    while (::poll(&readable, 1, 0) == 1) {
      std::array<char, 4096> bytes{};
      const ssize_t count = ::read(outside_.get(), bytes.data(), bytes.size());
      if (count <= 0) break;
      output.append(bytes.data(), static_cast<size_t>(count));
    }
    return output;
  }

 private:
  Descriptor outside_;
  Descriptor inside_;
};

// Sets a variable of the environment, or unsets it, for as long as it lives.
class Variable {
 public:
  Variable(const char* name, const std::optional<std::string>& value) : name_(name) {
    if (const char* before = ::getenv(name)) before_ = before;
    assign(value);
  }
  ~Variable() { assign(before_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  void assign(const std::optional<std::string>& value) {
    if (value) {
      ::setenv(name_, value->c_str(), 1);
    } else {
      ::unsetenv(name_);
    }
  }

  const char* name_;
  std::optional<std::string> before_;
};

}  // namespace ms::terminal
