#include "watch/application_space.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "watch/figures.h"
#include "watch/pen.h"

namespace ms::watch {
namespace {

using terminal::Canvas;

constexpr int kStageColumns = 9;
constexpr int kStageTableColumns = 13;

// Writes inside the box, between its borders.
Pen inside(Canvas& canvas, int y) { return {canvas, 2, y, canvas.width() - 4}; }

void put_right(Canvas& canvas, int right, int y, const std::string& text, terminal::Style style = {}) {
  canvas.put(right - terminal::columns_of(text), y, text, style);
}

int draw_accept_loop(Canvas& canvas, int y, const FrontDoorView& view) {
  const AcceptLoopView& loop = view.accept_loop;
  inside(canvas, y)
      .text("Accept loop: ", kHeading)
      .text(loop.state, loop.state == "blocked" ? kGood : kMoving)
      .text(" " + duration_text(loop.since_ms) + ", " + count_text(loop.accepted) + " accepted, ")
      .text(duration_text_of_us(loop.accept_us.p50) + " each (p99 " + duration_text_of_us(loop.accept_us.p99) + ")");
  inside(canvas, y + 1)
      .text("  drains " + rate_text(loop.per_s_1s) + "/s (1 s), " + rate_text(loop.per_s_10s) + "/s (10 s), " +
            rate_text(loop.per_s_start) + "/s (since start)")
      .text_if_it_fits("; finds " + rate_text(loop.depth_mean) + " waiting, at most " + rate_text(loop.depth_max));
  return y + 2;
}

int draw_connection_queue(Canvas& canvas, int y, const FrontDoorView& view, int cell_lines) {
  Pen pen = inside(canvas, y);
  pen.text("Connection queue: ", kHeading);
  if (view.architecture == "inline") {
    pen.text("none, one thread accepts, serves, and accepts again", kQuiet);
    return y + 1 + cell_lines;
  }
  const ConnectionQueueView& queue = view.connection_queue;
  if (queue.is_overloaded) pen.text("OVERLOADED ", kBad);
  pen.text(count_text(queue.length) + " of " + count_text(queue.limit));
  pen.text(", oldest " + duration_text(queue.oldest_age_ms) + ", target " + duration_text(queue.target_ms));
  pen.text_if_it_fits(", deadline " + duration_text(queue.deadline_ms));
  pen.text_if_it_fits(", overloaded " + count_text(queue.overloads) + (queue.overloads == 1 ? " time" : " times"));
  std::vector<CellText> cells;
  cells.reserve(queue.entries.size());
  for (const QueuedConnection& entry : queue.entries) {
    const bool is_late = queue.target_ms && entry.age_ms && *entry.age_ms > *queue.target_ms;
    cells.push_back({.text = "[C" + std::to_string(entry.connection) + "]", .style = is_late ? kBad : kWaiting});
  }
  put_cells(canvas, {.x = 4, .y = y + 1, .width = canvas.width() - 6, .height = cell_lines}, cells, queue.length);
  return y + 1 + cell_lines;
}

bool is_serving(const WorkerView& worker) { return worker.connection.has_value(); }

std::string worker_text(const WorkerView& worker, size_t number_columns, bool is_long) {
  std::string number = std::to_string(worker.worker);
  number.insert(0, number_columns - std::min(number.size(), number_columns), ' ');
  const std::string doing =
      is_serving(worker) ? "[" + worker.state + " C" + std::to_string(*worker.connection) + "]" : worker.state;
  return (is_long ? "Worker " : "") + number + ": " + doing + " " + duration_text(worker.since_ms) +
         (is_long ? ", served " : ", ") + short_count_text(worker.served);
}

// The workers side by side in columns; where they are too many, the last place says how many are left out.
void draw_worker_cells(Canvas& canvas, int y, const std::vector<WorkerView>& workers, int lines, bool is_long) {
  const int width = canvas.width() - 6;
  const int in_a_line = std::max(1, width / (is_long ? kWorkerColumnsLong : kWorkerColumnsShort));
  const int columns = width / in_a_line;
  const size_t places = static_cast<size_t>(in_a_line) * lines;
  const size_t drawn = workers.size() <= places ? workers.size() : places - 1;
  const auto pen_at = [&](size_t place) {
    const int row = static_cast<int>(place) / in_a_line;
    const int column = static_cast<int>(place) % in_a_line;
    return Pen(canvas, 4 + column * columns, y + row, columns - 1);
  };
  const size_t number_columns = std::to_string(workers.size()).size();
  for (size_t i = 0; i < drawn; ++i) {
    pen_at(i).text(worker_text(workers[i], number_columns, is_long), is_serving(workers[i]) ? kGood : kQuiet);
  }
  if (drawn == workers.size()) return;
  const std::span<const WorkerView> left_out = std::span(workers).subspan(drawn);
  pen_at(drawn).text("… " + std::to_string(left_out.size()) + " more, " +
                         std::to_string(std::ranges::count_if(left_out, is_serving)) + " serving",
                     kQuiet);
}

int draw_workers(Canvas& canvas, int y, const std::vector<WorkerView>& workers, int lines) {
  const bool is_long = worker_lines(workers.size(), canvas.width() - 6, kWorkerColumnsLong) <= lines;
  inside(canvas, y)
      .text("Workers: ", kHeading)
      .text(std::to_string(std::ranges::count_if(workers, is_serving)) + " of " + std::to_string(workers.size()) +
            " serving")
      .text(is_long ? "" : "; each: for how long, how many requests served", kQuiet);
  draw_worker_cells(canvas, y + 1, workers, lines, is_long);
  return y + 1 + lines;
}

int draw_refusals(Canvas& canvas, int y, const RefusalsView& refusals) {
  const uint64_t total = refusals.connections_limit + refusals.queue_limit + refusals.queue_age + refusals.descriptors;
  Pen pen = inside(canvas, y);
  pen.text("Refused ", kHeading).text(short_count_text(total), total > 0 ? kBad : terminal::Style{}).text(":");
  const std::vector<std::pair<const char*, uint64_t>> reasons = {{" connections ", refusals.connections_limit},
                                                                 {" queue ", refusals.queue_limit},
                                                                 {" age ", refusals.queue_age},
                                                                 {" descriptors ", refusals.descriptors},
                                                                 {" held ", refusals.held}};
  for (const auto& [reason, count] : reasons) {
    pen.text(reason, kQuiet).text(short_count_text(count), count > 0 ? kBad : kQuiet);
  }
  return y + 1;
}

// Of a stage that nothing has gone through, there is no figure.
std::string figure_of(const StageView& stage, std::optional<double> us) {
  return stage.count == 0 ? "-" : duration_text_of_us(us);
}

// A column for each stage.
void draw_stage_columns(Canvas& canvas, int y, const std::vector<StageView>& stages) {
  inside(canvas, y).text("Stages", kHeading);
  inside(canvas, y + 1).text("  p50");
  inside(canvas, y + 2).text("  p99");
  int right = 10;
  for (const StageView& stage : stages) {
    right += kStageColumns;
    put_right(canvas, right, y, stage.name);
    put_right(canvas, right, y + 1, figure_of(stage, stage.us.p50));
    put_right(canvas, right, y + 2, figure_of(stage, stage.us.p99));
  }
}

// A line for each stage.
void draw_stage_table(Canvas& canvas, int y, const std::vector<StageView>& stages) {
  const auto put_line = [&](int line, const std::vector<std::string>& figures, terminal::Style style) {
    int right = 12;
    for (const std::string& figure : figures) put_right(canvas, right += kStageTableColumns, line, figure, style);
  };
  inside(canvas, y).text("Stages", kHeading);
  put_line(y, {"count", "mean", "p50", "p99"}, kQuiet);
  for (const StageView& stage : stages) {
    inside(canvas, ++y).text("  " + stage.name);
    put_line(y,
             {count_text(stage.count), figure_of(stage, stage.mean_us), figure_of(stage, stage.us.p50),
              figure_of(stage, stage.us.p99)},
             {});
  }
}

}  // namespace

void draw_application_space(Canvas& canvas, int y, const FrontDoorView& view, const Layout& layout) {
  canvas.box({.x = 0, .y = y, .width = canvas.width(), .height = canvas.height() - y});
  y = draw_accept_loop(canvas, y + 1, view);
  y = draw_connection_queue(canvas, y, view, layout.queue_lines);
  y = draw_workers(canvas, y, view.workers, layout.worker_lines);
  y = draw_refusals(canvas, y, view.refusals);
  if (layout.has_stage_table) {
    draw_stage_table(canvas, y, view.stages);
  } else {
    draw_stage_columns(canvas, y, view.stages);
  }
}

}  // namespace ms::watch
