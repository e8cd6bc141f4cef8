// A graph over time: uPlot, in the colours of the page.
import uPlot from "uplot";

import { decimal } from "./figures.js";

/**
 * @typedef {object} GraphSeries
 * @property {string} name
 * @property {string} [color] name of a custom property of CSS: "--kernel"
 * @property {number[]} [dash] so that two lines differ by more than their colour
 */

/** @typedef {{set: (data: uPlot.AlignedData) => void}} Graph */

const HEIGHT = 132;
const COLORS = ["--accept", "--kernel", "--workers", "--heavy", "--refused"];
const DASHES = [[], [6, 3], [2, 3], [8, 3, 2, 3], [1, 2]];

/**
 * @param {HTMLElement} root
 * @param {{title: string, unit: string, series: GraphSeries[]}} options
 * @returns {Graph}
 */
export function mountGraph(root, { title, unit, series }) {
  root.classList.add("graph");
  const plot = new uPlot(
    {
      title,
      width: widthOf(root),
      height: HEIGHT,
      series: [{}, ...series.map((one, i) => lineOf(root, one, i, unit))],
      axes: [axis(root, {}), axis(root, { size: 52, values: (_, values) => values.map((value) => decimal(value)) })],
      scales: { y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] } },
      cursor: { drag: { x: false, y: false } },
    },
    [[], ...series.map(() => [])],
    root,
  );
  new ResizeObserver(() => plot.setSize({ width: widthOf(root), height: HEIGHT })).observe(root);
  return {
    set(data) {
      plot.setData(data);
    },
  };
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
    dash: series.dash ?? DASHES[i % DASHES.length],
    points: { show: false },
    value: (_, value) => (value === null || value === undefined ? "–" : `${decimal(value)} ${unit}`),
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
