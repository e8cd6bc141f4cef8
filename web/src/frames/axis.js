// Axis: the time of a window on a line from 0 to 1. A quiet stretch is cut short, so that what happened before and after it
// keeps its room: the last connections of a quiet server are seconds apart, and each is over in a millisecond.

const PARTS_MAX = 50;

/**
 * @typedef {object} Axis
 * @property {(t: number) => number} place 0 to 1
 * @property {(place: number) => number} moment
 * @property {number[]} cuts places of stretches that are cut short
 */

/**
 * @param {number[]} moments ascending, the first at least 0
 * @param {number} span the end, at or after the last
 * @returns {Axis}
 */
export function makeAxis(moments, span) {
  const knots = distinct([0, ...moments, span]);
  const longest = longestStretch(knots);
  /** @type {number[]} */
  const shown = [0];
  /** @type {number[]} */
  const cutAt = [];
  for (let i = 1; i < knots.length; i += 1) {
    const stretch = knots[i] - knots[i - 1];
    if (stretch > longest) cutAt.push(shown[i - 1] + longest / 2);
    shown.push(shown[i - 1] + Math.min(stretch, longest));
  }
  const length = shown[shown.length - 1] || 1;
  return {
    place: (t) => interpolate(knots, shown, t) / length,
    moment: (place) => interpolate(shown, knots, place * length),
    cuts: cutAt.map((at) => at / length),
  };
}

/**
 * The length that no stretch is drawn beyond: a certain part of what then is the whole. Where there are few stretches a part is
 * larger, since even all of them cut would not make the whole otherwise.
 * @param {number[]} knots
 */
function longestStretch(knots) {
  const parts = Math.max(1, Math.min(PARTS_MAX, (knots.length - 1) / 4));
  let longest = knots[knots.length - 1] ?? 0;
  for (let round = 0; round < 60; round += 1) {
    let whole = 0;
    for (let i = 1; i < knots.length; i += 1) whole += Math.min(knots[i] - knots[i - 1], longest);
    if (whole / parts >= longest * 0.99) break;
    longest = whole / parts;
  }
  return longest;
}

/** @param {number[]} ascending */
function distinct(ascending) {
  return ascending.filter((value, i) => i === 0 || value > ascending[i - 1]);
}

/**
 * @param {number[]} from ascending
 * @param {number[]} to
 * @param {number} value
 */
function interpolate(from, to, value) {
  const end = countUpTo(from, value);
  if (end === 0) return to[0] ?? 0;
  if (end === from.length) return to[end - 1];
  const share = (value - from[end - 1]) / (from[end] - from[end - 1]);
  return to[end - 1] + share * (to[end] - to[end - 1]);
}

/**
 * How many of the ascending values are at most `limit`.
 * @param {number[]} values
 * @param {number} limit
 */
export function countUpTo(values, limit) {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
