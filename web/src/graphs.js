// A graph over time: uPlot, in the colours of the page.
import uPlot from "uplot";

import { element, setAttribute, setProperty, setText } from "./dom.js";
import { decimal, timeOfDay } from "./figures.js";

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
// Of neighbours in the list, each is drawn another way; for the legend by the names that CSS has.
const DASHES = [
  { line: [], legend: "solid" },
  { line: [6, 3], legend: "dashed" },
  { line: [2, 3], legend: "dotted" },
];

/**
 * @param {HTMLElement} root
 * @param {GraphOptions} options
 * @returns {Graph}
 */
export function mountGraph(root, { title, unit, series, windowSeconds, isLog }) {
  const lines = series.map((one, i) => ({
    name: one.name,
    color: one.color ?? COLORS[i % COLORS.length] ?? "--accept",
    dash: DASHES[i % DASHES.length] ?? { line: [], legend: "solid" },
  }));
  const legend = makeLegend(lines, unit);
  const canvas = element("div", "graph-canvas");
  canvas.setAttribute("role", "img");
  root.classList.add("graph");
  root.append(element("h3", "graph-title", title), canvas, legend.root);
  const plot = new uPlot(
    {
      width: widthOf(canvas),
      height: HEIGHT,
      padding: [8, 6, 0, 0],
      series: [{}, ...lines.map((line) => lineOf(root, line))],
      axes: [axis(root, xAxis(windowSeconds)), axis(root, yAxis(isLog))],
      scales: { x: xScale(windowSeconds), y: isLog ? { distr: 3 } : { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] } },
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, sync: { key: "metricstream" }, points: { size: 6 } },
      hooks: { setCursor: [(self) => legend.draw(self)] },
    },
    [[], ...lines.map(() => [])],
    canvas,
  );
  new ResizeObserver(() => {
    if (plot.width !== widthOf(canvas)) plot.setSize({ width: widthOf(canvas), height: HEIGHT });
  }).observe(canvas);
  return {
    set(data) {
      plot.setData(data);
      legend.draw(plot);
      setAttribute(canvas, "aria-label", describe(title, data[0], windowSeconds !== undefined));
    },
  };
}

/** @typedef {{name: string, color: string, dash: {line: number[], legend: string}}} Line */

/**
 * The lines' names, and their values where the pointer is; the last ones while it is elsewhere.
 * @param {Line[]} lines
 * @param {string} unit
 */
function makeLegend(lines, unit) {
  const values = lines.map(() => element("b", ""));
  const items = lines.map(({ name, color, dash }, i) => {
    const swatch = element("span", "swatch");
    swatch.dataset.dash = dash.legend;
    setProperty(swatch, "--line-color", `var(${color})`);
    return element("li", "", swatch, `${name} `, values[i] ?? "");
  });
  return {
    root: element("ul", "legend", ...items),
    /** @param {uPlot} plot */
    draw(plot) {
      const pointed = (plot.cursor.left ?? -1) >= 0 ? plot.cursor.idx : null;
      values.forEach((value, i) => {
        const column = plot.data[i + 1] ?? [];
        const known = pointed === null || pointed === undefined ? lastKnown(column) : column[pointed];
        setText(value, known === null || known === undefined ? "–" : `${decimal(known)} ${unit}`.trimEnd());
      });
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

/**
 * @param {number | undefined} windowSeconds
 * @returns {uPlot.Axis}
 */
function xAxis(windowSeconds) {
  if (windowSeconds === undefined) return { size: 26, space: 60 };
  return { size: 26, space: 60, incrs: [60, 300], values: (_, times) => times.map((timeS) => timeOfDay(timeS * 1000)) };
}

/**
 * @param {boolean | undefined} isLog
 * @returns {uPlot.Axis}
 */
function yAxis(isLog) {
  const values = /** @type {uPlot.Axis.Values} */ ((_, found) => found.map((value) => (value === null ? "" : decimal(value))));
  if (!isLog) return { size: 54, space: 30, values };
  return { size: 54, values, splits: powersOfTen, filter: (_, splits) => splits };
}

/**
 * What the picture is of, for who does not see it; the values stand in the legend.
 * @param {string} title
 * @param {ArrayLike<number>} times
 * @param {boolean} isOfClock
 */
function describe(title, times, isOfClock) {
  const [first, last] = [times[0], times[times.length - 1]];
  if (first === undefined || last === undefined) return `${title}: nothing yet`;
  const [from, to] = isOfClock ? [timeOfDay(first * 1000, "2-digit"), timeOfDay(last * 1000, "2-digit")] : [decimal(first), decimal(last)];
  return `${title}, from ${from} to ${to}`;
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
    if (column[i] !== null && column[i] !== undefined) return column[i];
  }
  return null;
}

/** @param {HTMLElement} canvas */
function widthOf(canvas) {
  return Math.max(200, canvas.clientWidth);
}

/**
 * @param {HTMLElement} root
 * @param {Line} line
 * @returns {uPlot.Series}
 */
function lineOf(root, { name, color, dash }) {
  return { label: name, stroke: () => colorOf(root, color), width: 1.5, dash: dash.line, points: { show: false } };
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
