// What the server has recorded of itself in its own store, as rows for the timeline: counters become rates, histograms
// quantiles. It outlives the page, and the server too.
import { histogramGrowth, quantile, rates } from "./counters.js";

/**
 * A series of the query API's matrix.
 * @typedef {{metric: Record<string, string>, values: [number, string][]}} Series
 */

/** @typedef {import("./counters.js").Sample} Sample */
/** @typedef {(timeS: number, values: Record<string, number | null>) => void} AddRow */

const SELF = 'job="metricstream",instance="self"';
const PREFIX = "metricstream_";
export const STAGES = ["accept", "enqueue", "queue", "receive", "commit", "reply", "total"];

// Which column each family goes to. Several series of one family are added up (requests by code), or the largest counts (depths of
// several listen queues).
const GAUGES = /** @type {Record<string, {column: string, scale: number}>} */ ({
  listen_queue_depth: { column: "depth", scale: 1 },
  connection_queue_length: { column: "length", scale: 1 },
  connection_queue_age_seconds: { column: "ageMs", scale: 1000 },
});
const COUNTERS = /** @type {Record<string, string>} */ ({
  accepted_connections_total: "connections",
  requests_total: "requests",
});
const REFUSED = "refused_connections_total";

/**
 * The columns of a stage's median, and of what 99 of 100 do not exceed; in ms.
 * @param {string} stage
 * @returns {[string, string]}
 */
export function latencyColumns(stage) {
  return [`${stage}:p50`, `${stage}:p99`];
}

/**
 * Adds what was recorded in the last `seconds`.
 * @param {number} seconds
 * @param {AddRow} add
 */
export async function readRecorded(seconds, add) {
  const families = [...Object.keys(GAUGES), ...Object.keys(COUNTERS), REFUSED].join("|");
  const series = await query(`{__name__=~"${PREFIX}(${families})",${SELF}}[${seconds}s]`);
  addFamilies(series, add);
  await readRecordedLatencies(seconds, add);
}

/**
 * The stages' latencies alone: of these a state has only the quantiles since the start.
 * @param {number} seconds
 * @param {AddRow} add
 */
export async function readRecordedLatencies(seconds, add) {
  addLatencies(await query(`${PREFIX}stage_seconds_bucket{stage=~"${STAGES.join("|")}",${SELF}}[${seconds}s]`), add);
}

/**
 * @param {string} text
 * @returns {Promise<Series[]>}
 */
async function query(text) {
  const answer = await fetch(`/api/v1/query?query=${encodeURIComponent(text)}`, { signal: AbortSignal.timeout(10_000) });
  if (!answer.ok) throw new Error(`${answer.status} to ${text}`);
  return (await answer.json()).data.result;
}

/**
 * @param {Series[]} series
 * @param {AddRow} add
 */
export function addFamilies(series, add) {
  for (const [family, { column, scale }] of Object.entries(GAUGES)) {
    const largest = merge(select(series, family).map(samples), Math.max);
    for (const [timeS, value] of largest) add(timeS, { [column]: value * scale });
  }
  for (const [family, column] of Object.entries(COUNTERS)) {
    for (const [timeS, rate] of merge(select(series, family).map((one) => rates(samples(one))), plus)) add(timeS, { [column]: rate });
  }
  for (const one of select(series, REFUSED)) {
    for (const [timeS, rate] of rates(samples(one))) add(timeS, { [`refused:${one.metric.reason}`]: rate });
  }
}

/**
 * @param {Series[]} series of stage_seconds_bucket
 * @param {AddRow} add
 */
export function addLatencies(series, add) {
  for (const stage of STAGES) {
    const buckets = new Map(
      series.filter(({ metric }) => metric.stage === stage).map((one) => [Number(one.metric.le?.replace("+Inf", "Infinity")), samples(one)]),
    );
    for (const [timeS, grown] of histogramGrowth(buckets)) {
      const [median, tail] = latencyColumns(stage);
      add(timeS, { [median]: inMs(quantile(0.5, grown)), [tail]: inMs(quantile(0.99, grown)) });
    }
  }
}

/** @param {number | null} seconds */
function inMs(seconds) {
  return seconds === null ? null : seconds * 1000;
}

/**
 * @param {Series[]} series
 * @param {string} family
 */
function select(series, family) {
  return series.filter(({ metric }) => metric.__name__ === PREFIX + family);
}

/**
 * @param {Series} series
 * @returns {Sample[]}
 */
function samples({ values }) {
  return values.map(([timeS, value]) => [timeS, Number(value)]);
}

/** @type {(a: number, b: number) => number} */
const plus = (a, b) => a + b;

/**
 * Samples of several series as one.
 * @param {Sample[][]} series
 * @param {(a: number, b: number) => number} combine what are of the same moment
 * @returns {Map<number, number>}
 */
function merge(series, combine) {
  /** @type {Map<number, number>} */
  const merged = new Map();
  for (const [timeS, value] of series.flat()) {
    const other = merged.get(timeS);
    merged.set(timeS, other === undefined ? value : combine(other, value));
  }
  return merged;
}
