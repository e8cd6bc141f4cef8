// Pen: writes pieces of text one after the other on one line of a canvas, and never beyond its end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "terminal/canvas.h"

namespace ms::watch {

inline constexpr terminal::Style kHeading{.ink = terminal::Ink::kDefault, .bold = true};
inline constexpr terminal::Style kQuiet{.ink = terminal::Ink::kGrey};
inline constexpr terminal::Style kGood{.ink = terminal::Ink::kGreen};
inline constexpr terminal::Style kMoving{.ink = terminal::Ink::kYellow};
inline constexpr terminal::Style kWaiting{.ink = terminal::Ink::kCyan};
inline constexpr terminal::Style kBad{.ink = terminal::Ink::kRed, .bold = true};

class Pen {
 public:
  // Writes on line `y` from column `x`, `width` columns at most.
  Pen(terminal::Canvas& canvas, int x, int y, int width) : canvas_(&canvas), x_(x), y_(y), end_(x + width) {}

  // Writes `text`, cut off with "…" where there is no room for all of it.
  Pen& text(std::string_view text, terminal::Style style = {}) {
    x_ = canvas_->put(x_, y_, terminal::clip(text, end_ - x_), style);
    return *this;
  }
  // Writes `text` where there is room for all of it.
  Pen& text_if_it_fits(std::string_view text, terminal::Style style = {}) {
    return terminal::columns_of(text) <= room() ? this->text(text, style) : *this;
  }
  Pen& skip(int columns) {
    x_ += columns;
    return *this;
  }
  int room() const { return end_ - x_; }

 private:
  terminal::Canvas* canvas_;
  int x_;
  int y_;
  int end_;
};

struct CellText {
  std::string text;
  terminal::Style style;
};

// "[C9] [C10] … 99,991 more": fills the lines of `area` with the first of `total` cells, and says how many do not fit.
void put_cells(terminal::Canvas& canvas, const terminal::Rect& area, const std::vector<CellText>& cells,
               uint64_t total);

}  // namespace ms::watch
