// Screen: shows one canvas after the other, on a screen in the same place, elsewhere below each other.
//
// On a screen it uses the alternate one that most terminals have (xterm's control 1049), so that what was there before
// is there again afterwards, and hides the cursor. Anything else gets plain lines and an empty one between canvases.
//
// Confined to one thread.
#pragma once

#include "base/error.h"
#include "terminal/canvas.h"

namespace ms::terminal {

class Screen {
 public:
  // Shows on `fd`, which outlives it.
  explicit Screen(int fd);
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  // A canvas as large as the terminal, so that nothing is left of the one before.
  Result<void> show(const Canvas& canvas);

  // Gives the terminal back as it was; the next show() takes it again.
  void leave();

 private:
  int fd_;
  bool is_screen_;
  bool is_entered_ = false;
  bool is_first_ = true;
};

}  // namespace ms::terminal
