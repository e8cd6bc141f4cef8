#include "watch/layout.h"

#include <algorithm>

namespace ms::watch {
namespace {

// What is always there, each flexible part with its least: title 1; kernel space 8, of which borders 2, listen queue 5,
// sockets 1; application space 12, of which borders 2, accept loop 2, connection queue 2, workers 2, refusals 1,
// stages 3.
constexpr int kFixedLines = 21;
constexpr int kWorkerLinesFirst = 4;  // of the workers, before anything else gets more
constexpr int kStageTableExtra = 5;   // what the stages take besides, as a table
constexpr int kStageTableSpare = 10;  // how much room there must be for it
constexpr int kListenerLinesMax = 4;

// Takes up to `wanted` lines of those that are left.
int take(int& spare, int wanted) {
  const int taken = std::clamp(wanted, 0, std::max(spare, 0));
  spare -= taken;
  return taken;
}

}  // namespace

int worker_lines(size_t workers, int inside, int columns) {
  const int in_a_line = std::max(1, inside / columns);
  return std::max(1, (static_cast<int>(workers) + in_a_line - 1) / in_a_line);
}

Layout lay_out(const FrontDoorView& view, int inside, int height) {
  Layout layout;
  int spare = height - kFixedLines;
  const int least = worker_lines(view.workers.size(), inside, kWorkerColumnsShort);
  layout.worker_lines += take(spare, std::min(least, kWorkerLinesFirst) - 1);
  layout.arrow_lines = take(spare, 1);
  layout.socket_lines = take(spare, 1);
  layout.has_stage_table = spare >= kStageTableSpare;
  if (layout.has_stage_table) take(spare, kStageTableExtra);
  const int listeners = static_cast<int>(view.listen_queues.size());
  layout.listener_lines = take(spare, std::min(listeners - 1, kListenerLinesMax));
  const int comfortable = worker_lines(view.workers.size(), inside, kWorkerColumnsLong);
  int workers_spare = spare * 2 / 3;
  const int more_workers = take(workers_spare, comfortable - layout.worker_lines);
  layout.worker_lines += more_workers;
  spare -= more_workers;
  layout.queue_lines += take(spare, (spare + 1) / 2);
  layout.socket_lines += take(spare, spare);
  return layout;
}

}  // namespace ms::watch
