#include "watch/kernel_space.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "watch/figures.h"
#include "watch/pen.h"

namespace ms::watch {
namespace {

using terminal::Canvas;

constexpr int kCellWidth = 11;
constexpr int kCellHeight = 4;
constexpr int kBesideWidth = 31;         // of the text beside the cells
constexpr double kStillThereMs = 250;    // for how long they are taken to wait; the server looks 5 times a second
constexpr double kSeenAgeMaxMs = 2'000;  // for how long those that were seen waiting are drawn
constexpr double kNearlyFull = 0.9;
constexpr uint64_t kUnknownCellsMax = 64;  // more than fit beside each other

// One connection in the listen queue, or on its way out of it.
struct WaitingCell {
  std::string name;
  std::string port;
  bool is_moved = false;  // it waited a moment ago, and has been accepted since
};

std::string port_of(std::string_view peer) { return std::string(peer.substr(peer.rfind(':') + 1)); }

// The queue that is drawn with its cells: the deepest, or the one where peers waited most recently.
size_t find_busiest(const std::vector<ListenQueueView>& queues) {
  const auto rank = [](const ListenQueueView& queue) {
    return std::pair(queue.depth, -queue.seen_age_ms.value_or(kSeenAgeMaxMs));
  };
  return static_cast<size_t>(std::ranges::max_element(queues, {}, rank) - queues.begin());
}

std::unordered_map<std::string_view, uint64_t> numbers_by_peer(const FrontDoorView& view) {
  std::unordered_map<std::string_view, uint64_t> numbers;
  for (const SocketView& socket : view.active_sockets.sockets) numbers.emplace(socket.peer, socket.connection);
  for (const QueuedConnection& entry : view.connection_queue.entries) numbers.emplace(entry.peer, entry.connection);
  return numbers;
}

// Those that were seen waiting a moment ago, then as many unknown ones as wait besides. A connection gets its number
// when it is accepted: whoever has one waits no longer.
std::vector<WaitingCell> waiting_cells(const FrontDoorView& view, const ListenQueueView& queue) {
  std::vector<WaitingCell> cells;
  uint64_t still_waiting = queue.depth;
  const double seen_age_ms = queue.seen_age_ms.value_or(HUGE_VAL);
  if (seen_age_ms <= kSeenAgeMaxMs) {
    const auto numbers = numbers_by_peer(view);
    for (const std::string& peer : queue.seen_peers) {
      const auto number = numbers.find(peer);
      const bool has_number = number != numbers.end();
      const bool is_moved = has_number || seen_age_ms > kStillThereMs || still_waiting == 0;
      if (!is_moved) --still_waiting;
      std::string name = has_number ? "C" + std::to_string(number->second) : is_moved ? "moved" : "waits";
      cells.push_back({.name = std::move(name), .port = port_of(peer), .is_moved = is_moved});
    }
  }
  cells.resize(cells.size() + std::min(still_waiting, kUnknownCellsMax), {.name = "waits", .port = "?"});
  return cells;
}

Pen draw_queue_line(Canvas& canvas, int y, const ListenQueueView& queue) {
  Pen pen(canvas, 2, y, canvas.width() - 4);
  const auto limit = static_cast<double>(queue.limit);
  const bool is_nearly_full = static_cast<double>(queue.depth) >= limit * kNearlyFull && queue.depth > 0;
  pen.text("Listen queue ", kHeading).text(queue.address).text(": ");
  pen.text(count_text(queue.depth) + " of " + count_text(queue.limit), is_nearly_full ? kBad : terminal::Style{});
  pen.text(", ").text(count_text(queue.drops) + " dropped", queue.drops > 0 ? kBad : terminal::Style{});
  return pen;
}

void draw_cell(Canvas& canvas, int x, int y, const WaitingCell& cell) {
  const terminal::Rect rect{.x = x, .y = y, .width = kCellWidth, .height = kCellHeight};
  if (cell.is_moved) {
    canvas.dashed_box(rect, kMoving);
  } else {
    canvas.box(rect, kWaiting);
  }
  Pen(canvas, x + 2, y + 1, kCellWidth - 3).text(cell.name, kHeading);
  Pen(canvas, x + 2, y + 2, kCellWidth - 3).text(cell.port);
}

void draw_beside_cells(Canvas& canvas, int x, int y, const FrontDoorView& view, const ListenQueueView& queue,
                       uint64_t drawn_waiting) {
  const auto pen = [&](int line) { return Pen(canvas, x, y + line, canvas.width() - 2 - x); };
  if (queue.depth == 0) {
    pen(0).text("← nobody waits", kQuiet);
  } else if (queue.depth > drawn_waiting) {
    const uint64_t undrawn = queue.depth - drawn_waiting;
    const std::string who = count_text(undrawn) + (drawn_waiting > 0 ? " more" : "");
    pen(0).text("← " + who + (undrawn == 1 ? " waits" : " wait"), kWaiting);
  }
  const std::string seen = queue.seen_age_ms ? "seen waiting: " + short_count_text(queue.seen_total) + ", " +
                                                   duration_text(queue.seen_age_ms) + " ago"
                                             : "nobody was seen waiting yet";
  pen(1).text(seen, kQuiet);
  const auto bound = [&](int line, const char* sign, const Quantiles& ms) {
    pen(line).text(std::string("waited ") + sign + " " + duration_text(ms.p50) + ", p99 " + sign + " " +
                   duration_text(ms.p99));
  };
  if (view.kernel_wait.sampled == 0) return;
  bound(2, "≥", view.kernel_wait.at_least_ms);
  bound(3, "≤", view.kernel_wait.at_most_ms);
}

void draw_queue_cells(Canvas& canvas, int y, const FrontDoorView& view, const ListenQueueView& queue) {
  const int inside = canvas.width() - 4;
  const uint64_t places = std::min<uint64_t>((inside - kBesideWidth) / (kCellWidth + 1), queue.limit);
  const std::vector<WaitingCell> cells = waiting_cells(view, queue);
  uint64_t drawn_waiting = 0;
  int x = 2;
  for (uint64_t place = 0; place < places; ++place, x += kCellWidth + 1) {
    if (place < cells.size()) {
      draw_cell(canvas, x, y, cells[place]);
      drawn_waiting += cells[place].is_moved ? 0 : 1;
    } else {
      canvas.put(x + 2, y + 1, "[empty]", kQuiet);
    }
  }
  draw_beside_cells(canvas, x, y, view, queue, drawn_waiting);
}

void draw_listen_queues(Canvas& canvas, int y, const FrontDoorView& view, int other_lines) {
  if (view.listen_queues.empty()) {
    canvas.put(2, y, "No listen queue: the server has stopped listening", kQuiet);
    return;
  }
  const size_t busiest = find_busiest(view.listen_queues);
  const auto left_out = static_cast<int64_t>(view.listen_queues.size()) - 1 - other_lines;
  draw_queue_line(canvas, y, view.listen_queues[busiest])
      .text(left_out > 0 ? " (and " + std::to_string(left_out) + " more)" : "", kQuiet)
      .text_if_it_fits(", mean wait " + duration_text(view.kernel_wait.little_mean_ms) + " by Little's law");
  draw_queue_cells(canvas, y + 1, view, view.listen_queues[busiest]);
  int line = y + 1 + kCellHeight;
  for (size_t i = 0; i < view.listen_queues.size() && other_lines > 0; ++i) {
    if (i == busiest) continue;
    draw_queue_line(canvas, line++, view.listen_queues[i]);
    --other_lines;
  }
}

terminal::Style style_of_state(std::string_view state) {
  if (state == "serving") return kGood;
  if (state == "queued") return kWaiting;
  if (state == "parked" || state == "sending") return kMoving;
  return {};
}

void draw_sockets(Canvas& canvas, int y, const ActiveSocketsView& sockets, int cell_lines) {
  Pen pen(canvas, 2, y, canvas.width() - 4);
  pen.text("Active sockets ", kHeading);
  pen.text(short_count_text(sockets.open) + ":");
  const std::vector<std::pair<const char*, uint64_t>> states = {{"queued", sockets.queued},
                                                                {"serving", sockets.serving},
                                                                {"parked", sockets.parked},
                                                                {"sending", sockets.sending},
                                                                {"waiting", sockets.waiting}};
  for (const auto& [state, count] : states) {
    pen.text(std::string(" ") + state + " ", style_of_state(state)).text(short_count_text(count));
  }
  pen.text_if_it_fits(", at most " + count_text(sockets.limit));
  std::vector<CellText> cells;
  cells.reserve(sockets.sockets.size());
  for (const SocketView& socket : sockets.sockets) {
    cells.push_back({.text = "[C" + std::to_string(socket.connection) + ":fd=" + std::to_string(socket.fd) + "]",
                     .style = style_of_state(socket.state)});
  }
  put_cells(canvas, {.x = 2, .y = y + 1, .width = canvas.width() - 4, .height = cell_lines}, cells, sockets.open);
}

}  // namespace

int draw_kernel_space(Canvas& canvas, int y, const FrontDoorView& view, const Layout& layout) {
  const int queue_height = 1 + kCellHeight + layout.listener_lines;
  const int height = 2 + queue_height + 1 + layout.socket_lines;
  canvas.box({.x = 0, .y = y, .width = canvas.width(), .height = height});
  canvas.put(2, y, " KERNEL SPACE ", kHeading);
  draw_listen_queues(canvas, y + 1, view, layout.listener_lines);
  draw_sockets(canvas, y + 1 + queue_height, view.active_sockets, layout.socket_lines);
  return y + height;
}

}  // namespace ms::watch
