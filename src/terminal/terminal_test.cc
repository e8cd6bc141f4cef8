#include "terminal/terminal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/descriptor.h"

namespace ms::terminal {
namespace {

// A terminal of our own: what is written to `inside` shows on `outside`.
class PseudoTerminal {
 public:
  PseudoTerminal() : outside_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    EXPECT_EQ(::grantpt(outside_.get()), 0);
    EXPECT_EQ(::unlockpt(outside_.get()), 0);
    inside_ = Descriptor(::open(::ptsname(outside_.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    EXPECT_TRUE(inside_);
  }

  int fd() const { return inside_.get(); }
  void resize(unsigned short columns, unsigned short lines) {
    const winsize size{.ws_row = lines, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    EXPECT_EQ(::ioctl(outside_.get(), TIOCSWINSZ, &size), 0);
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

TEST(TerminalTest, AFileIsNoTerminal) {
  const Descriptor file(::open("/dev/null", O_RDWR | O_CLOEXEC));
  EXPECT_FALSE(is_terminal(file.get()));
  EXPECT_FALSE(find_size(file.get()));
}

TEST(TerminalTest, SizeIsAsOfNow) {
  PseudoTerminal terminal;
  EXPECT_TRUE(is_terminal(terminal.fd()));
  EXPECT_FALSE(find_size(terminal.fd())) << "a terminal that was never told its size";
  for (const unsigned short columns : {uint16_t{80}, uint16_t{120}}) {
    terminal.resize(columns, 24);
    const std::optional<Size> size = find_size(terminal.fd());
    ASSERT_TRUE(size);
    EXPECT_EQ(size->columns, columns);
    EXPECT_EQ(size->lines, 24);
  }
}

TEST(TerminalTest, ColourIsForTerminalsUnlessTheEnvironmentForbidsIt) {
  struct Case {
    std::optional<std::string> no_color;
    std::string term;
    Colour colour;
  };
  const PseudoTerminal terminal;
  const Descriptor file(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (const Case& c : {
           Case{std::nullopt, "xterm", Colour::kOn},
           Case{"", "xterm", Colour::kOn},
           Case{"1", "xterm", Colour::kOff},
           Case{"0", "xterm", Colour::kOff},
           Case{std::nullopt, "dumb", Colour::kOff},
       }) {
    const Variable no_color("NO_COLOR", c.no_color);
    const Variable term("TERM", c.term);
    EXPECT_EQ(colour_for(terminal.fd()), c.colour) << c.no_color.value_or("unset") << ", " << c.term;
    EXPECT_EQ(colour_for(file.get()), Colour::kOff);
  }
}

}  // namespace
}  // namespace ms::terminal
