// How many lines each part of the drawing gets.
#pragma once

#include <cstddef>

#include "watch/front_door_view.h"

namespace ms::watch {

inline constexpr int kWorkerColumnsShort = 37;  // "64: [serving C1000000] 999 ms, 123k"
inline constexpr int kWorkerColumnsLong = 50;   // "Worker 64: [serving C1000000] 999 ms, served 123k"

struct Layout {
  int arrow_lines = 0;     // between the two boxes
  int listener_lines = 0;  // for listen queues after the first
  int socket_lines = 0;
  int queue_lines = 1;
  int worker_lines = 1;
  bool has_stage_table = false;  // stages as lines with all their figures; else two lines of quantiles
};

// The lines of the workers where each takes `columns` of the `inside` columns between a box's borders.
int worker_lines(size_t workers, int inside, int columns);

Layout lay_out(const FrontDoorView& view, int inside, int height);

}  // namespace ms::watch
