#include "terminal/terminal.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/descriptor.h"
#include "terminal/pseudo_terminal_testing.h"

namespace ms::terminal {
namespace {

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
