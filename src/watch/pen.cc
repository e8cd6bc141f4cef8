#include "watch/pen.h"

#include <algorithm>

#include "watch/figures.h"

namespace ms::watch {
namespace {

std::string more_text(uint64_t count) { return count == 0 ? "" : "… " + count_text(count) + " more"; }

}  // namespace

void put_cells(terminal::Canvas& canvas, const terminal::Rect& area, const std::vector<CellText>& cells,
               uint64_t total) {
  if (area.height <= 0) return;
  total = std::max<uint64_t>(total, cells.size());
  int line = 0;
  Pen pen(canvas, area.x, area.y, area.width);
  uint64_t put = 0;
  for (const CellText& cell : cells) {
    const int columns = terminal::columns_of(cell.text) + 1;
    const std::string rest = more_text(total - put - 1);
    if (line < area.height - 1 && pen.room() < columns) pen = Pen(canvas, area.x, area.y + ++line, area.width);
    if (line == area.height - 1 && pen.room() < columns + terminal::columns_of(rest)) break;
    pen.text(cell.text, cell.style).skip(1);
    ++put;
  }
  pen.text(more_text(total - put), kQuiet);
}

}  // namespace ms::watch
