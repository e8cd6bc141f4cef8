// The front door as a box drawing, after the frames of the design's first sketch: what waits in the kernel above, what
// the server has taken over below.
//
//     ┌─ KERNEL SPACE ────────────────┐
//     │ listen queue, active sockets  │
//     └─────┬─────────────────────────┘
//     ┌─────↓─ APPLICATION SPACE ─────┐
//     │ accept loop, connection       │
//     │ queue, workers, stages        │
//     └───────────────────────────────┘
#pragma once

#include <optional>
#include <string>

#include "terminal/canvas.h"
#include "watch/front_door_view.h"

namespace ms::watch {

inline constexpr int kDrawingWidthMin = 80;
inline constexpr int kDrawingHeightMin = 24;

// Where each part has its lines depends on the size and on how many workers and listeners there are, not on what
// happens: nothing jumps from one frame to the next. Of a size below the minimum, the upper left part is drawn.
terminal::Canvas draw(const FrontDoorView& view, int width, int height);

// A server that does not answer.
struct Silence {
  std::string url;
  std::string reason;
  double silent_ms = 0;  // since its last answer, or since it was first asked
};

// What was last seen, where there is anything, and why it is not what is there now.
terminal::Canvas draw_silence(const Silence& silence, const std::optional<FrontDoorView>& last, int width, int height);

}  // namespace ms::watch
