#include "drain/frame_canvas.h"

#include <algorithm>

#include "base/figures.h"
#include "drain/frames.h"

namespace ms::drain {
namespace {

using terminal::Ink;
using terminal::Style;

constexpr int kHeightMax = 48;
constexpr int kCardWidth = 12;
constexpr int kCardsMax = 4;
constexpr int kLabelWidth = 18;
constexpr size_t kWorkersMax = 16;

}  // namespace

std::string name_of(const Passage& passage) { return "C" + std::to_string(passage.record->connection); }

std::string socket_of(const Passage& passage) { return name_of(passage) + " fd=" + std::to_string(passage.record->fd); }

FrameCanvas::FrameCanvas(const std::string& title, std::string_view at) : canvas_(kFrameWidth, kHeightMax) {
  canvas_.put(0, y_, title, {.bold = true});
  canvas_.put(kFrameWidth - terminal::columns_of(at), y_++, at, {.ink = Ink::kGrey});
  canvas_.horizontal_line(0, kFrameWidth - 1, y_++, {.ink = Ink::kGrey});
}

void FrameCanvas::line(std::string_view text, Style style, int indent) {
  canvas_.put(indent, y_++, terminal::clip(text, kFrameWidth - indent - 2), style);
}

void FrameCanvas::begin_box(std::string_view title) {
  box_begin_ = y_++;
  line(title, {.bold = true});
}

void FrameCanvas::end_box() {
  canvas_.box({.x = 0, .y = box_begin_, .width = kFrameWidth, .height = y_ + 1 - box_begin_});
  ++y_;
}

void FrameCanvas::card(int x, const Passage& passage, bool is_moved) {
  const terminal::Rect rect{.x = x, .y = y_, .width = kCardWidth, .height = 4};
  if (is_moved) {
    canvas_.dashed_box(rect, {.ink = Ink::kGreen});
  } else {
    canvas_.box(rect);
  }
  canvas_.put(x + 2, y_ + 1, terminal::clip(name_of(passage), kCardWidth - 4));
  canvas_.put(x + 2, y_ + 2, is_moved ? "MOVED" : std::to_string(passage.record->peer.port),
              {.ink = is_moved ? Ink::kGreen : Ink::kDefault});
}

void FrameCanvas::listen_queue(const Passage* moved, const History::Passages& waiting, std::string_view rest) {
  int x = 4;
  if (moved != nullptr) {
    card(x, *moved, true);
    x += kCardWidth + 1;
  }
  const int cards = static_cast<int>(std::min<size_t>(waiting.size(), kCardsMax - (moved != nullptr ? 1 : 0)));
  for (int i = 0; i < cards; ++i, x += kCardWidth + 1) card(x, *waiting[static_cast<size_t>(i)], false);
  canvas_.put(x + 1, y_ + 1, rest, {.ink = Ink::kGrey});
  y_ += x == 4 ? 2 : 4;
}

void FrameCanvas::sockets(std::string_view label, const History::Passages& passages) {
  canvas_.put(2, y_, label);
  int x = kLabelWidth + 2;
  if (passages.empty()) canvas_.put(x, y_, "[empty]", {.ink = Ink::kGrey});
  for (size_t i = 0; i < passages.size(); ++i) {
    const std::string text = "[" + socket_of(*passages[i]) + "]";
    const std::string more = "... and " + figure(static_cast<double>(passages.size() - i)) + " more";
    const bool is_last = i + 1 == passages.size();
    if (x + terminal::columns_of(text) + (is_last ? 0 : terminal::columns_of(more) + 1) > kFrameWidth - 2) {
      canvas_.put(x, y_, more, {.ink = Ink::kGrey});
      break;
    }
    x = canvas_.put(x, y_, text) + 1;
  }
  ++y_;
}

void FrameCanvas::workers(const History::Passages& serving, size_t workers, uint64_t at_ns) {
  constexpr int kColumnWidth = 37;
  const size_t shown = std::min(workers, kWorkersMax);
  const size_t lines = (shown + 1) / 2;
  for (size_t i = 0; i < shown; ++i) {
    const int x = 4 + (i < lines ? 0 : kColumnWidth);
    const int y = y_ + static_cast<int>(i % lines);
    const size_t number = i + 1;
    const auto found = std::ranges::find(serving, number, [](const Passage* one) { return one->record->worker; });
    const std::string label = "Worker " + std::to_string(number) + ": ";
    if (found == serving.end()) {
      canvas_.put(canvas_.put(x, y, label), y, "[idle]", {.ink = Ink::kGrey});
      continue;
    }
    const uint64_t since_ns = at_ns - (*found)->record->stamps.taken_ns;
    const std::string text = "[" + socket_of(**found) + "] " + duration(static_cast<double>(since_ns));
    canvas_.put(canvas_.put(x, y, label), y, text, {.ink = Ink::kGreen});
  }
  y_ += static_cast<int>(lines);
  if (shown < workers) line("... and " + std::to_string(workers - shown) + " more workers", {.ink = Ink::kGrey}, 4);
}

void FrameCanvas::clients(const History::Passages& passages) {
  constexpr int kStride = 24;
  int x = 0;
  for (size_t i = 0; i < passages.size(); ++i) {
    x = 4 + static_cast<int>(i) * kStride;
    canvas_.put(x, y_, "CLIENT " + std::to_string(i + 1));
    canvas_.put(x, y_ + 1, passages[i]->record->peer.text());
    canvas_.arrow_down(x + 5, y_ + 2, y_ + 3);
  }
  canvas_.put(x + 8, y_ + 3, "SYN, SYN-ACK, ACK", {.ink = Ink::kGrey});
  y_ += 4;
}

std::string FrameCanvas::render(terminal::Colour colour) {
  std::string text = canvas_.render(colour);
  while (text.ends_with("\n\n")) text.pop_back();
  return text;
}

}  // namespace ms::drain
