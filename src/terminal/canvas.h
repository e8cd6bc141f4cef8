// Canvas: a grid of characters that boxes, lines, arrows and text are drawn on, and that is rendered as lines of text.
//
//     Canvas canvas(40, 5);
//     canvas.box({.x = 0, .y = 0, .width = 12, .height = 3});
//     canvas.put(2, 1, "C1", {.ink = Ink::kGreen});
//     canvas.arrow_down(6, 2, 4);                        // leaves the box: its border becomes ┬
//     std::fputs(canvas.render(Colour::kOff).c_str(), stdout);
//
// x counts columns from the left, y lines from the top, both from 0. What lies outside the canvas is cut off. Each
// character (code point) of a text takes one column: wide and combining characters are not provided for. Lines that
// cross or meet join: ┼ ├ ┤ ┬ ┴ and corners come by themselves. Text that is put over a line replaces it.
//
// Confined to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ms::terminal {

// The colours of the terminal's own palette that read well on light and dark.
enum class Ink { kDefault, kRed, kGreen, kYellow, kBlue, kCyan, kGrey };

struct Style {
  Ink ink = Ink::kDefault;
  bool bold = false;

  bool operator==(const Style&) const = default;
};

// Whether styles are rendered, as escape sequences, or left out.
enum class Colour { kOff, kOn };

struct Rect {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
};

class Canvas {
 public:
  Canvas(int width, int height);

  int width() const { return width_; }
  int height() const { return height_; }

  // Writes `text` to the right of (x, y) and returns the column after it, on the canvas or not. Bytes that are not
  // UTF-8 and control characters show as U+FFFD: no text can move the cursor.
  int put(int x, int y, std::string_view text, Style style = {});

  // Borders of at least 2 by 2; what is inside stays as it is.
  void box(const Rect& rect, Style style = {});
  // A box with every second piece of its border left out, as of something that is on its way.
  void dashed_box(const Rect& rect, Style style = {});

  // Lines and arrows between two cells, both included, in either order for lines; an arrow's head is at the second.
  void horizontal_line(int x1, int x2, int y, Style style = {});
  void vertical_line(int x, int y1, int y2, Style style = {});
  void arrow_down(int x, int y1, int y2, Style style = {});
  void arrow_up(int x, int y1, int y2, Style style = {});
  void arrow_right(int x1, int x2, int y, Style style = {});
  void arrow_left(int x1, int x2, int y, Style style = {});

  // Leaves the upper left part of at most `width` by `height`.
  void crop(int width, int height);

  // Every line ends with "\n" and has no spaces at its end.
  std::string render(Colour colour) const;

 private:
  struct Cell {
    std::string character = " ";
    uint8_t arms = 0;  // where line art leaves the cell to; 0 for text
    Style style;
  };

  bool contains(int x, int y) const { return x >= 0 && x < width_ && y >= 0 && y < height_; }
  Cell& at(int x, int y) { return cells_[static_cast<size_t>(y) * width_ + x]; }
  const Cell& at(int x, int y) const { return cells_[static_cast<size_t>(y) * width_ + x]; }
  void set_text(int x, int y, std::string_view character, Style style);
  void add_arms(int x, int y, unsigned arms, Style style);
  void render_line(int y, Colour colour, std::string& out) const;

  int width_;
  int height_;
  std::vector<Cell> cells_;  // line by line
};

// How many columns `text` takes.
int columns_of(std::string_view text);

// `text` where it takes at most `columns` columns, else as much of it as leaves room for "…" at its end.
std::string clip(std::string_view text, int columns);

}  // namespace ms::terminal
