#include "watch/drawing.h"

#include <algorithm>
#include <string>

#include "base/clock.h"
#include "watch/application_space.h"
#include "watch/figures.h"
#include "watch/kernel_space.h"
#include "watch/layout.h"
#include "watch/pen.h"

namespace ms::watch {
namespace {

using terminal::Canvas;

constexpr int kArrowColumn = 6;

void draw_title(Canvas& canvas, const FrontDoorView& view) {
  const std::string when = format_utc(view.now_unix_ms);
  const int when_x = canvas.width() - terminal::columns_of(when);
  canvas.put(when_x, 0, when, kQuiet);
  Pen(canvas, 0, 0, when_x - 1)
      .text("MetricStream's front door", kHeading)
      .text(" (" + view.architecture + "), up " + duration_text(view.uptime_seconds * 1000));
}

// From the upper box's lower border, which is the line above `y`, to the lower box's upper one.
void draw_arrow(Canvas& canvas, int y, int lines, const AcceptLoopView& loop) {
  canvas.arrow_down(kArrowColumn, y - 1, y + lines, kMoving);
  canvas.put(kArrowColumn + 1, y + lines, "─ APPLICATION SPACE ", kHeading);
  if (lines > 0) canvas.put(kArrowColumn + 2, y, "accept() " + rate_text(loop.per_s_1s) + "/s", kMoving);
}

// At the least size or above.
Canvas draw_whole(const FrontDoorView& view, int width, int height) {
  Canvas canvas(width, height);
  const Layout layout = lay_out(view, width - 6, height);
  draw_title(canvas, view);
  const int below_kernel = draw_kernel_space(canvas, 1, view, layout);
  draw_application_space(canvas, below_kernel + layout.arrow_lines, view, layout);
  draw_arrow(canvas, below_kernel, layout.arrow_lines, view.accept_loop);
  return canvas;
}

}  // namespace

Canvas draw(const FrontDoorView& view, int width, int height) {
  Canvas canvas = draw_whole(view, std::max(width, kDrawingWidthMin), std::max(height, kDrawingHeightMin));
  canvas.crop(width, height);
  return canvas;
}

Canvas draw_silence(const Silence& silence, const std::optional<FrontDoorView>& last, int width, int height) {
  Canvas canvas = last ? draw(*last, width, height) : Canvas(width, height);
  canvas.put(0, 0, std::string(static_cast<size_t>(std::max(width, 0)), ' '));
  Pen(canvas, 0, 0, width).text("No answer for " + duration_text(silence.silent_ms) + ": " + silence.reason, kBad);
  if (!last) Pen(canvas, 0, 1, width).text("Asking " + silence.url + " again and again; Ctrl-C ends it.");
  return canvas;
}

}  // namespace ms::watch
