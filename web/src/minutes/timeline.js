// The last minutes as columns, from two sources: what the server recorded, and what has come since.

// Where nothing is known for longer, lines break.
const GAP_S = 25;
const GAP_EDGE_S = 0.25;
// Two sources tell of a moment at times that differ by less; by more only where the server's clock was set back.
const CLOCK_STEP_S = 1;

/**
 * Rows in the order of time; at most as many seconds back from the last one as `spanS`, and one row for each moment.
 *
 * A row need not have every column. What it has not is `undefined`, and the line goes on past it; `null` breaks the line.
 * @param {string[]} names
 * @param {number} spanS
 */
export function makeTimeline(names, spanS) {
  /** @type {number[]} */
  const times = [];
  const columns = new Map(names.map((name) => [name, /** @type {(number | null | undefined)[]} */ ([])]));

  /** @param {number} timeS */
  function rowAt(timeS) {
    let i = times.length;
    while (i > 0 && /** @type {number} */ (times[i - 1]) >= timeS) --i;
    if (times[i] === timeS) return i;
    times.splice(i, 0, timeS);
    for (const column of columns.values()) column.splice(i, 0, undefined);
    return i;
  }

  function dropOld() {
    const last = times.at(-1) ?? 0;
    const kept = times.findIndex((timeS) => timeS >= last - spanS);
    if (kept <= 0) return;
    times.splice(0, kept);
    for (const column of columns.values()) column.splice(0, kept);
  }

  /** @param {number} timeS */
  function dropLater(timeS) {
    const kept = times.findIndex((other) => other > timeS);
    if (kept < 0) return;
    times.splice(kept);
    for (const column of columns.values()) column.splice(kept);
  }

  /**
   * @param {number} timeS
   * @param {Record<string, number | null>} values by the columns' names
   */
  function add(timeS, values) {
    const row = rowAt(timeS);
    for (const [name, value] of Object.entries(values)) {
      const column = columns.get(name);
      if (column) column[row] = value;
    }
    dropOld();
  }

  return {
    add,
    /**
     * Adds what is now: what lies later is of a clock that has been set back since.
     * @param {number} timeS
     * @param {Record<string, number | null>} values
     */
    addNow(timeS, values) {
      dropLater(timeS + CLOCK_STEP_S);
      add(timeS, values);
    },

    /**
     * The newest value of a column; null where there is none that is less than `ageS` older than the last row.
     * @param {string} name
     * @param {number} ageS
     * @returns {number | null}
     */
    newest(name, ageS) {
      const column = columns.get(name) ?? [];
      const last = times.at(-1) ?? 0;
      for (let row = times.length - 1; row >= 0 && last - /** @type {number} */ (times[row]) < ageS; --row) {
        const value = column[row];
        if (value !== undefined && value !== null) return value;
      }
      return null;
    },

    /**
     * As uPlot takes it: the times, and the columns that are asked for. A line breaks where its column has nothing in GAP_S.
     * @param {string[]} chosen
     * @returns {[number[], ...(number | null | undefined)[][]]}
     */
    data(chosen) {
      const { grid, rows } = withGapRows(times);
      return [grid, ...chosen.map((name) => brokenAtGaps(grid, rows, columns.get(name) ?? []))];
    },
  };
}

/**
 * The times with two more in each gap, at both of its ends, for the nulls that break the lines there; and the row of each time, -1
 * for such a one. (A line is drawn up to the first null, as if it went on to the next value.)
 * @param {number[]} times
 */
function withGapRows(times) {
  /** @type {number[]} */
  const grid = [];
  /** @type {number[]} */
  const rows = [];
  times.forEach((timeS, row) => {
    const before = times[row - 1];
    if (before !== undefined && timeS - before > GAP_S) {
      grid.push(before + GAP_EDGE_S, timeS - GAP_EDGE_S);
      rows.push(-1, -1);
    }
    grid.push(timeS);
    rows.push(row);
  });
  return { grid, rows };
}

/**
 * @param {number[]} grid
 * @param {number[]} rows
 * @param {(number | null | undefined)[]} column
 */
function brokenAtGaps(grid, rows, column) {
  const values = rows.map((row) => (row < 0 ? undefined : column[row]));
  let last = -1;
  for (let i = 0; i < values.length; ++i) {
    if (values[i] === undefined) continue;
    if (last >= 0 && /** @type {number} */ (grid[i]) - /** @type {number} */ (grid[last]) > GAP_S) values.fill(null, last + 1, i);
    last = i;
  }
  return values;
}
