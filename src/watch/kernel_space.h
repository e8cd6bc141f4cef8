// The upper box: the listen queue and the active sockets.
#pragma once

#include "terminal/canvas.h"
#include "watch/front_door_view.h"
#include "watch/layout.h"

namespace ms::watch {

// Draws from line `y`, over the whole width, and returns the line after it.
int draw_kernel_space(terminal::Canvas& canvas, int y, const FrontDoorView& view, const Layout& layout);

}  // namespace ms::watch
