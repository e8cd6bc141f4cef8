// The lower box: the accept loop, the connection queue, the workers, the refusals and the stages.
#pragma once

#include "terminal/canvas.h"
#include "watch/front_door_view.h"
#include "watch/layout.h"

namespace ms::watch {

// Draws from line `y`, over the whole width.
void draw_application_space(terminal::Canvas& canvas, int y, const FrontDoorView& view, const Layout& layout);

}  // namespace ms::watch
