#include "terminal/screen.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <string>

#include "base/descriptor.h"
#include "terminal/pseudo_terminal_testing.h"

namespace ms::terminal {
namespace {

Canvas canvas_of(const std::string& text) {
  Canvas canvas(8, 2);
  canvas.put(0, 0, text, {.ink = Ink::kRed});
  canvas.put(0, 1, "below");
  return canvas;
}

TEST(ScreenTest, ShowsInPlaceAndGivesTheTerminalBack) {
  const Variable term("TERM", "xterm");
  const Variable no_color("NO_COLOR", "1");
  PseudoTerminal terminal;
  {
    Screen screen(terminal.fd());
    ASSERT_TRUE(screen.show(canvas_of("one")));
    EXPECT_EQ(terminal.take_output(), "\033[?1049h\033[?25l\033[H\033[2Kone\r\r\n\033[2Kbelow");
    ASSERT_TRUE(screen.show(canvas_of("two")));
    EXPECT_EQ(terminal.take_output(), "\033[H\033[2Ktwo\r\r\n\033[2Kbelow");
  }
  EXPECT_EQ(terminal.take_output(), "\033[?25h\033[?1049l");
}

TEST(ScreenTest, IsEnteredAgainAfterItWasLeft) {
  const Variable term("TERM", "xterm");
  PseudoTerminal terminal;
  Screen screen(terminal.fd());
  ASSERT_TRUE(screen.show(canvas_of("one")));
  screen.leave();
  screen.leave();
  EXPECT_TRUE(terminal.take_output().ends_with("below\033[?25h\033[?1049l"));
  ASSERT_TRUE(screen.show(canvas_of("two")));
  EXPECT_TRUE(terminal.take_output().starts_with("\033[?1049h"));
}

TEST(ScreenTest, ColoursAreForScreensWithoutNoColor) {
  const Variable term("TERM", "xterm");
  const Variable no_color("NO_COLOR", std::nullopt);
  PseudoTerminal terminal;
  Screen screen(terminal.fd());
  ASSERT_TRUE(screen.show(canvas_of("red")));
  EXPECT_NE(terminal.take_output().find("\033[0;31mred\033[0m"), std::string::npos);
}

TEST(ScreenTest, WhatIsNoScreenGetsPlainLines) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const Descriptor reader(ends[0]);
  Descriptor writer(ends[1]);
  {
    Screen screen(writer.get());
    ASSERT_TRUE(screen.show(canvas_of("one")));
    ASSERT_TRUE(screen.show(canvas_of("two")));
  }
  std::array<char, 100> bytes{};
  const ssize_t count = ::read(reader.get(), bytes.data(), bytes.size());
  EXPECT_EQ(std::string(bytes.data(), static_cast<size_t>(count)), "one\nbelow\n\ntwo\nbelow\n");
}

TEST(ScreenTest, ADumbTerminalIsNoScreen) {
  const Variable term("TERM", "dumb");
  PseudoTerminal terminal;
  Screen screen(terminal.fd());
  ASSERT_TRUE(screen.show(canvas_of("one")));
  EXPECT_EQ(terminal.take_output(), "one\r\nbelow\r\n");
}

TEST(ScreenTest, AFailedWriteIsReported) {
  const Descriptor full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  Screen screen(full.get());
  const Result<void> shown = screen.show(canvas_of("one"));
  ASSERT_FALSE(shown);
  EXPECT_EQ(shown.error().code, ErrorCode::kNoSpace);
}

}  // namespace
}  // namespace ms::terminal
