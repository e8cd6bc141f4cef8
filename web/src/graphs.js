// A graph over time: uPlot, in the colours of the page.
import uPlot from "uplot";

import { decimal } from "./figures.js";

/**
 * @typedef {object} GraphSeries
 * @property {string} name
 * @property {string} [color] name of a custom property of CSS: "--kernel"
 */

/**
 * @typedef {object} GraphOptions
 * @property {string} title
 * @property {string} unit
 * @property {GraphSeries[]} series
 * @property {number} [windowSeconds] the times are of the clock, and the graph shows as many seconds back from the last one; without
 *     it they are seconds of a run, and all of them are shown
 * @property {boolean} [isLog] values span decades
 */

/** @typedef {{set: (data: uPlot.AlignedData) => void}} Graph */

const HEIGHT = 150;
const COLORS = ["--accept", "--kernel", "--workers", "--heavy", "--refused"];
const DASHES = [[], [6, 3], [2, 3], [9, 3, 2, 3]];
// The like of these, as the legend can draw them.
const DASH_STYLES = ["solid", "dashed", "dotted", "double"];

/**
 * @param {HTMLElement} root
 * @param {GraphOptions} options
 * @returns {Graph}
 */
export function mountGraph(root, { title, unit, series, windowSeconds, isLog }) {
  root.classList.add("graph");
  const plot = new uPlot(
    {
      title,
      width: widthOf(root),
      height: HEIGHT,
      series: [{}, ...series.map((one, i) => lineOf(root, one, i, unit))],
      axes: [
        axis(root, windowSeconds === undefined ? { space: 60 } : { space: 60, incrs: [60, 300], values: (_, times) => times.map(clock) }),
        axis(root, { size: 54, space: 32, values: (_, values) => values.map(tick), ...(isLog && { splits: powersOfTen }) }),
      ],
      scales: { x: xScale(windowSeconds), y: isLog ? { distr: 3 } : { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] } },
      legend: { markers: { width: 2, dash: (_, i) => DASH_STYLES[(i - 1) % DASHES.length] ?? "solid" } },
      cursor: { drag: { x: false, y: false }, sync: { key: "metricstream" }, points: { size: 6 } },
    },
    [[], ...series.map(() => [])],
    root,
  );
  new ResizeObserver(() => {
    if (plot.width !== widthOf(root)) plot.setSize({ width: widthOf(root), height: HEIGHT });
  }).observe(root);
  return {
    set(data) {
      plot.setData(data);
      // Where no pointer asks for another moment, the legend tells the last one.
      if ((plot.cursor.left ?? -1) < 0) plot.setLegend({ idxs: data.map((column) => lastKnown(column)) }, false);
    },
  };
}

/**
 * @param {number | undefined} windowSeconds
 * @returns {uPlot.Scale}
 */
function xScale(windowSeconds) {
  if (windowSeconds === undefined) return { time: false };
  return { time: true, range: (_, __, last) => [(last ?? 0) - windowSeconds, last ?? 0] };
}

/** @param {number | null} value */
function tick(value) {
  return value === null ? "" : decimal(value);
}

/** @param {number} timeS */
function clock(timeS) {
  return new Date(timeS * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

/**
 * @param {uPlot} _
 * @param {number} __
 * @param {number} min
 * @param {number} max
 */
function powersOfTen(_, __, min, max) {
  const found = [];
  for (let power = Math.ceil(Math.log10(min) - 1e-9); power <= Math.log10(max) + 1e-9; ++power) found.push(10 ** power);
  return found;
}

/** @param {ArrayLike<number | null | undefined>} column */
function lastKnown(column) {
  for (let i = column.length - 1; i >= 0; --i) {
    if (column[i] !== null && column[i] !== undefined) return i;
  }
  return null;
}

/** @param {HTMLElement} root */
function widthOf(root) {
  return Math.max(200, root.clientWidth);
}

/**
 * @param {HTMLElement} root
 * @param {GraphSeries} series
 * @param {number} i
 * @param {string} unit
 * @returns {uPlot.Series}
 */
function lineOf(root, series, i, unit) {
  const color = series.color ?? COLORS[i % COLORS.length] ?? "--accept";
  return {
    label: series.name,
    stroke: () => colorOf(root, color),
    width: 1.5,
    dash: DASHES[i % DASHES.length],
    points: { show: false },
    value: (_, value) => (value === null || value === undefined ? "–" : `${decimal(value)} ${unit}`.trimEnd()),
  };
}

/**
 * @param {HTMLElement} root
 * @param {uPlot.Axis} axis
 * @returns {uPlot.Axis}
 */
function axis(root, axis) {
  return {
    stroke: () => colorOf(root, "--dim"),
    grid: { stroke: () => colorOf(root, "--line"), width: 1 },
    ticks: { show: false },
    ...axis,
  };
}

/**
 * @param {HTMLElement} root
 * @param {string} name
 */
function colorOf(root, name) {
  return getComputedStyle(root).getPropertyValue(name).trim();
}
