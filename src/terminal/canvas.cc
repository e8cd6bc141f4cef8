#include "terminal/canvas.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/utf8.h"

namespace ms::terminal {
namespace {

// The arms of a piece of line art.
constexpr unsigned kUp = 1;
constexpr unsigned kDown = 2;
constexpr unsigned kLeft = 4;
constexpr unsigned kRight = 8;
constexpr unsigned kHorizontal = kLeft | kRight;
constexpr unsigned kVertical = kUp | kDown;

// Indexed by arms. A line's end, which has one arm, looks like its middle.
constexpr std::array<std::string_view, 16> kLineArt = {" ", "│", "│", "│", "─", "┘", "┐", "┤",
                                                       "─", "└", "┌", "├", "─", "┴", "┬", "┼"};

constexpr std::string_view kReplacement = "\ufffd";

bool is_control(std::string_view character) {
  const auto byte = static_cast<uint8_t>(character[0]);
  const bool is_c1 = byte == 0xC2 && static_cast<uint8_t>(character[1]) < 0xA0;
  return byte < 0x20 || byte == 0x7F || is_c1;
}

// Calls `take` with each character of `text` as it is shown.
template <class Take>
void each_character(std::string_view text, const Take& take) {
  while (!text.empty()) {
    const size_t bytes = utf8_character_bytes(text);
    const std::string_view character = text.substr(0, bytes);
    take(bytes == 0 || is_control(character) ? kReplacement : character);
    text.remove_prefix(std::max<size_t>(bytes, 1));
  }
}

// The parameters of "Select Graphic Rendition" (ECMA-48, 8.3.117). Grey is the bright black that most terminals have.
std::string_view ink_code(Ink ink) {
  switch (ink) {
    case Ink::kDefault:
      return "";
    case Ink::kRed:
      return "31";
    case Ink::kGreen:
      return "32";
    case Ink::kYellow:
      return "33";
    case Ink::kBlue:
      return "34";
    case Ink::kCyan:
      return "36";
    case Ink::kGrey:
      return "90";
  }
  return "";
}

// From whatever holds before to `style`.
void append_style(std::string& out, Style style) {
  out += "\033[0";
  if (style.bold) out += ";1";
  if (const std::string_view code = ink_code(style.ink); !code.empty()) out.append(";").append(code);
  out += 'm';
}

}  // namespace

Canvas::Canvas(int width, int height)
    : width_(std::max(width, 0)), height_(std::max(height, 0)), cells_(static_cast<size_t>(width_) * height_) {}

void Canvas::set_text(int x, int y, std::string_view character, Style style) {
  if (contains(x, y)) at(x, y) = {.character = std::string(character), .arms = 0, .style = style};
}

void Canvas::add_arms(int x, int y, unsigned arms, Style style) {
  if (!contains(x, y)) return;
  Cell& cell = at(x, y);
  const unsigned joined = cell.arms | arms;
  cell = {.character = std::string(kLineArt[joined]), .arms = static_cast<uint8_t>(joined), .style = style};
}

int Canvas::put(int x, int y, std::string_view text, Style style) {
  each_character(text, [&](std::string_view character) { set_text(x++, y, character, style); });
  return x;
}

void Canvas::box(const Rect& rect, Style style) {
  const int right = rect.x + rect.width - 1;
  const int bottom = rect.y + rect.height - 1;
  horizontal_line(rect.x, right, rect.y, style);
  horizontal_line(rect.x, right, bottom, style);
  vertical_line(rect.x, rect.y, bottom, style);
  vertical_line(right, rect.y, bottom, style);
}

void Canvas::dashed_box(const Rect& rect, Style style) {
  const int right = rect.x + rect.width - 1;
  const int bottom = rect.y + rect.height - 1;
  add_arms(rect.x, rect.y, kDown | kRight, style);
  add_arms(right, rect.y, kDown | kLeft, style);
  add_arms(rect.x, bottom, kUp | kRight, style);
  add_arms(right, bottom, kUp | kLeft, style);
  for (int x = rect.x + 2; x < right; x += 2) {
    add_arms(x, rect.y, kHorizontal, style);
    add_arms(x, bottom, kHorizontal, style);
  }
  for (int y = rect.y + 2; y < bottom; y += 2) {
    add_arms(rect.x, y, kVertical, style);
    add_arms(right, y, kVertical, style);
  }
}

void Canvas::horizontal_line(int x1, int x2, int y, Style style) {
  const auto [left, right] = std::minmax({x1, x2});
  for (int x = std::max(left, 0); x <= std::min(right, width_ - 1); ++x) {
    add_arms(x, y, (x > left ? kLeft : 0) | (x < right ? kRight : 0), style);
  }
}

void Canvas::vertical_line(int x, int y1, int y2, Style style) {
  const auto [top, bottom] = std::minmax({y1, y2});
  for (int y = std::max(top, 0); y <= std::min(bottom, height_ - 1); ++y) {
    add_arms(x, y, (y > top ? kUp : 0) | (y < bottom ? kDown : 0), style);
  }
}

void Canvas::arrow_down(int x, int y1, int y2, Style style) {
  vertical_line(x, y1, y2, style);
  set_text(x, y2, "↓", style);
}

void Canvas::arrow_up(int x, int y1, int y2, Style style) {
  vertical_line(x, y1, y2, style);
  set_text(x, y2, "↑", style);
}

void Canvas::arrow_right(int x1, int x2, int y, Style style) {
  horizontal_line(x1, x2, y, style);
  set_text(x2, y, "→", style);
}

void Canvas::arrow_left(int x1, int x2, int y, Style style) {
  horizontal_line(x1, x2, y, style);
  set_text(x2, y, "←", style);
}

void Canvas::crop(int width, int height) {
  Canvas part(std::min(width, width_), std::min(height, height_));
  for (int y = 0; y < part.height_; ++y) {
    for (int x = 0; x < part.width_; ++x) part.at(x, y) = std::move(at(x, y));
  }
  *this = std::move(part);
}

void Canvas::render_line(int y, Colour colour, std::string& out) const {
  int end = width_;
  while (end > 0 && at(end - 1, y).character == " ") --end;
  Style current;
  for (int x = 0; x < end; ++x) {
    const Cell& cell = at(x, y);
    if (colour == Colour::kOn && cell.style != current) {
      append_style(out, cell.style);
      current = cell.style;
    }
    out += cell.character;
  }
  if (current != Style{}) append_style(out, {});
  out += '\n';
}

std::string Canvas::render(Colour colour) const {
  std::string out;
  for (int y = 0; y < height_; ++y) render_line(y, colour, out);
  return out;
}

int columns_of(std::string_view text) {
  int columns = 0;
  each_character(text, [&](std::string_view) { ++columns; });
  return columns;
}

std::string clip(std::string_view text, int columns) {
  if (columns_of(text) <= columns) return std::string(text);
  std::string clipped;
  int taken = 0;
  each_character(text, [&](std::string_view character) {
    if (++taken < columns) clipped += character;
  });
  if (columns > 0) clipped += "…";
  return clipped;
}

}  // namespace ms::terminal
