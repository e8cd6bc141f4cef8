#include "terminal/canvas.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace ms::terminal {
namespace {

std::string plain(const Canvas& canvas) { return canvas.render(Colour::kOff); }

TEST(CanvasTest, IsBlankLinesAtFirst) { EXPECT_EQ(plain(Canvas(5, 2)), "\n\n"); }

TEST(CanvasTest, TextIsCutOffAtEveryEdge) {
  Canvas canvas(6, 2);
  EXPECT_EQ(canvas.put(-2, 0, "abcd"), 2);
  EXPECT_EQ(canvas.put(4, 1, "efgh"), 8);
  canvas.put(0, -1, "above");
  canvas.put(0, 2, "below");
  EXPECT_EQ(plain(canvas), "cd\n    ef\n");
}

TEST(CanvasTest, EachCodePointTakesOneColumn) {
  Canvas canvas(8, 1);
  EXPECT_EQ(canvas.put(0, 0, "é→…"), 3);
  canvas.put(3, 0, "|");
  EXPECT_EQ(plain(canvas), "é→…|\n");
}

TEST(CanvasTest, WhatCouldMoveTheCursorIsReplaced) {
  Canvas canvas(20, 1);
  canvas.put(0, 0, "a\033[2Jb\nc\x7f\u009b\xff");
  EXPECT_EQ(plain(canvas), "a\ufffd[2Jb\ufffdc\ufffd\ufffd\ufffd\n");
}

TEST(CanvasTest, DrawsBoxesInsideEachOther) {
  Canvas canvas(12, 5);
  canvas.box({.x = 0, .y = 0, .width = 12, .height = 5});
  canvas.box({.x = 2, .y = 1, .width = 6, .height = 3});
  canvas.put(3, 2, "C1");
  EXPECT_EQ(plain(canvas),
            "┌──────────┐\n"
            "│ ┌────┐   │\n"
            "│ │C1  │   │\n"
            "│ └────┘   │\n"
            "└──────────┘\n");
}

TEST(CanvasTest, DrawsWhatIsMovingAwayDashed) {
  Canvas canvas(12, 4);
  canvas.dashed_box({.x = 0, .y = 0, .width = 11, .height = 4});
  canvas.put(3, 1, "C1 MOVED");
  canvas.put(1, 2, "(draining)");
  EXPECT_EQ(plain(canvas),
            "┌ ─ ─ ─ ─ ┐\n"
            "   C1 MOVED\n"
            "│(draining)\n"
            "└ ─ ─ ─ ─ ┘\n");
}

TEST(CanvasTest, LinesJoinWhereTheyMeetAndCross) {
  Canvas canvas(9, 5);
  canvas.box({.x = 0, .y = 0, .width = 9, .height = 5});
  canvas.vertical_line(4, 0, 4);
  canvas.horizontal_line(8, 0, 2);
  EXPECT_EQ(plain(canvas),
            "┌───┬───┐\n"
            "│   │   │\n"
            "├───┼───┤\n"
            "│   │   │\n"
            "└───┴───┘\n");
}

TEST(CanvasTest, ThreePathsJoinIntoOneArrow) {
  Canvas canvas(9, 4);
  for (const int x : {0, 4, 8}) canvas.vertical_line(x, 0, 1);
  canvas.horizontal_line(0, 8, 1);
  canvas.arrow_down(4, 1, 3);
  EXPECT_EQ(plain(canvas),
            "│   │   │\n"
            "└───┼───┘\n"
            "    │\n"
            "    ↓\n");
}

TEST(CanvasTest, ArrowsPointToTheirSecondEnd) {
  Canvas canvas(7, 3);
  canvas.arrow_right(0, 3, 0);
  canvas.arrow_left(3, 0, 1);
  canvas.arrow_up(6, 2, 0);
  canvas.arrow_down(5, 0, 2);
  EXPECT_EQ(plain(canvas),
            "───→ │↑\n"
            "←─── ││\n"
            "     ↓│\n");
}

TEST(CanvasTest, AnArrowLeavesABoxThroughItsBorder) {
  Canvas canvas(5, 4);
  canvas.box({.x = 0, .y = 0, .width = 5, .height = 2});
  canvas.arrow_down(2, 1, 3);
  EXPECT_EQ(plain(canvas),
            "┌───┐\n"
            "└─┬─┘\n"
            "  │\n"
            "  ↓\n");
}

TEST(CanvasTest, LinesFarOutsideCostNothing) {
  Canvas canvas(3, 1);
  canvas.horizontal_line(-2'000'000'000, 2'000'000'000, 0);
  canvas.vertical_line(1, -2'000'000'000, 2'000'000'000);
  EXPECT_EQ(plain(canvas), "─┼─\n");
}

TEST(CanvasTest, StylesAreWrittenWhereTheyChangeAndEndWithTheLine) {
  Canvas canvas(20, 2);
  const int after = canvas.put(0, 0, "ok ");
  canvas.put(after, 0, "OVERLOADED", {.ink = Ink::kRed, .bold = true});
  canvas.put(0, 1, "idle", {.ink = Ink::kGrey});
  canvas.put(5, 1, "5");
  EXPECT_EQ(plain(canvas), "ok OVERLOADED\nidle 5\n");
  EXPECT_EQ(canvas.render(Colour::kOn), "ok \033[0;1;31mOVERLOADED\033[0m\n\033[0;90midle\033[0m 5\n");
}

TEST(CanvasTest, CropLeavesTheUpperLeftPart) {
  Canvas canvas(6, 3);
  canvas.box({.x = 0, .y = 0, .width = 6, .height = 3});
  canvas.crop(3, 2);
  EXPECT_EQ(plain(canvas), "┌──\n│\n");
  canvas.crop(80, 24);
  EXPECT_EQ(plain(canvas), "┌──\n│\n");
}

TEST(CanvasTest, ANegativeSizeIsAnEmptyCanvas) {
  Canvas canvas(-3, -1);
  canvas.put(0, 0, "x");
  canvas.box({.x = 0, .y = 0, .width = 3, .height = 3});
  EXPECT_EQ(plain(canvas), "");
}

TEST(ClipTest, CutsAtColumnsAndSaysSo) {
  struct Case {
    std::string_view text;
    int columns;
    std::string_view clipped;
  };
  for (const Case& c : {
           Case{"", 0, ""},
           Case{"abc", 3, "abc"},
           Case{"abcd", 3, "ab…"},
           Case{"éèêë", 4, "éèêë"},
           Case{"éèêëe", 4, "éèê…"},
           Case{"abc", 1, "…"},
           Case{"abc", 0, ""},
           Case{"abc", -1, ""},
       }) {
    EXPECT_EQ(clip(c.text, c.columns), c.clipped) << c.text << " in " << c.columns;
    EXPECT_LE(columns_of(clip(c.text, c.columns)), std::max(c.columns, 0));
  }
}

}  // namespace
}  // namespace ms::terminal
