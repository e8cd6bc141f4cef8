// FrameCanvas: the parts that all frames are drawn of: a title, and one box each for the kernel and for the process.
//
// Confined to one thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "drain/history.h"
#include "terminal/canvas.h"

namespace ms::drain {

// "C12".
std::string name_of(const Passage& passage);
// "C12 fd=7".
std::string socket_of(const Passage& passage);

class FrameCanvas {
 public:
  FrameCanvas(const std::string& title, std::string_view at);

  // Text from column `indent` of the inside, and down a line.
  void line(std::string_view text, terminal::Style style = {}, int indent = 2);
  void skip() { ++y_; }

  void begin_box(std::string_view title);
  void end_box();

  // A row of the connections that wait, `moved` first where there is one, and after them `rest`.
  void listen_queue(const Passage* moved, const History::Passages& waiting, std::string_view rest);
  // "label [C1 fd=5] [C2 fd=6] ... and 12 more", or "label none".
  void sockets(std::string_view label, const History::Passages& passages);
  // Whom the workers serve, two in a line, since when.
  void workers(const History::Passages& serving, size_t workers, uint64_t at_ns);
  // Where clients stand above the kernel, with arrows into its box.
  void clients(const History::Passages& passages);

  std::string render(terminal::Colour colour);

 private:
  void card(int x, const Passage& passage, bool is_moved);

  terminal::Canvas canvas_;
  int y_ = 0;
  int box_begin_ = 0;
};

}  // namespace ms::drain
