// Frames: the moment of draining, drawn of real connections, after the four frames that this project begins with. What
// no stamp tells is not drawn.
#pragma once

#include <string>

#include "drain/history.h"
#include "terminal/canvas.h"

namespace ms::drain {

inline constexpr int kFrameWidth = 78;

// Frames 1 to 4 of the pool: three connections wait in the kernel; the first is accepted; the second; the steady state.
std::string draw_pool_frames(const History& history, terminal::Colour colour);

// The one frame of inline: its listen queue when it was deepest, and the one connection that everyone waits for.
std::string draw_inline_frame(const History& history, terminal::Colour colour);

}  // namespace ms::drain
