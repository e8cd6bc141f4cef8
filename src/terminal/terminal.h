// What a descriptor is connected to: a terminal or not, how large, and whether it is to be coloured.
#pragma once

#include <optional>

#include "terminal/canvas.h"

namespace ms::terminal {

struct Size {
  int columns = 0;
  int lines = 0;
};

bool is_terminal(int fd);

// Whether escape sequences that move the cursor make sense: a terminal whose TERM is not "dumb".
bool is_screen(int fd);

// The size of the terminal; nothing where `fd` is none, or one that does not know its size.
std::optional<Size> find_size(int fd);

// On for a screen, unless the environment's NO_COLOR has any value but the empty one (https://no-color.org).
Colour colour_for(int fd);

}  // namespace ms::terminal
