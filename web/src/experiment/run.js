// One run of the experiment, as `metricstream drain --html` writes it (src/drain/html_report.h), turned into what is drawn.

import { duration } from "../figures.js";

/** @import {Passage} from "../frames/passage.js" */
/** @import {History, Measured, Stranger} from "../frames/scene_at.js" */

/**
 * @typedef {object} RunData
 * @property {"pool" | "inline"} architecture
 * @property {number} workers
 * @property {string} address
 * @property {number} listen_limit
 * @property {number} queue_limit
 * @property {number} span_ns
 * @property {number} connections how many there were, drawn or not
 * @property {number} drawn
 * @property {number | null} drawn_until
 * @property {string[]} columns
 * @property {(number | string | null)[][]} rows
 * @property {[number, number, number, number][]} strangers source, port, connected, ended
 * @property {Curves} curves
 */

/**
 * Of each stretch of the run.
 * @typedef {{stretch_ns: number, offered: number[], accepted: number[], served: number[], refused: number[], timed_out: number[],
 *   listen_depth: number[], queue_length: number[]}} Curves
 */

/** @typedef {{queue_target_ms: number, queue_deadline_ms: number}} Bounds */

/**
 * @param {RunData} run
 * @param {Bounds} bounds
 * @returns {History}
 */
export function runHistory(run, bounds) {
  const isInline = run.architecture === "inline";
  return {
    architecture: run.architecture,
    passages: run.rows.map((row) => readRow(run, row)),
    strangers: run.strangers.map(readStranger),
    workers: run.workers,
    listeners: [{ address: run.address, limit: run.listen_limit }],
    queue: isInline ? null : { limit: run.queue_limit, targetMs: bounds.queue_target_ms, deadlineMs: bounds.queue_deadline_ms },
    openLimit: null,
    measuredAt: (t) => measuredAt(run, t),
  };
}

/**
 * @param {RunData} run
 * @param {(number | string | null)[]} row
 * @returns {Passage}
 */
function readRow(run, row) {
  const number = (/** @type {string} */ name) => /** @type {number} */ (row[run.columns.indexOf(name)]);
  const moment = (/** @type {string} */ name) => /** @type {number | null} */ (row[run.columns.indexOf(name)]);
  const outcome = row[run.columns.indexOf("outcome")];
  const waits = moment("connected");
  const acceptBegin = number("accept_begin");
  const worker = number("worker") || null;
  return {
    connection: number("connection"),
    fd: number("fd"),
    peer: String(row[run.columns.indexOf("peer")]),
    local: run.address,
    // The client's own stamp, which may come later than the accept: it too has to wait for a core.
    mayWait: waits === null ? null : Math.min(waits, acceptBegin),
    waits: waits === null ? null : Math.min(waits, acceptBegin),
    acceptBegin,
    accepted: number("accepted"),
    enqueued: moment("enqueued"),
    turns: [
      {
        request: moment("taken") === null ? 0 : 1,
        takenBy: worker,
        worker,
        outcome: typeof outcome === "string" ? outcome : "replied",
        code: typeof outcome === "number" ? outcome : null,
        taken: moment("taken"),
        complete: moment("complete"),
        durable: null,
        ended: number("ended"),
      },
    ],
  };
}

/**
 * @param {[number, number, number, number]} stranger
 * @returns {Stranger}
 */
function readStranger([source, port, waits, left]) {
  return { peer: `127.0.0.${source + 2}:${port}`, waits, left };
}

/**
 * What was measured of all, drawn or not. Of the pool's queues nothing needs to be, where everyone is drawn.
 * @param {RunData} run
 * @param {number} t
 * @returns {Measured}
 */
function measuredAt({ architecture, curves, drawn, connections }, t) {
  const stretch = Math.min(Math.floor(t / curves.stretch_ns), curves.accepted.length - 1);
  const isCounted = architecture === "pool" && drawn === connections;
  return {
    listenDepth: isCounted ? null : (curves.listen_depth[stretch] ?? null),
    drops: null,
    queueLength: isCounted ? null : (curves.queue_length[stretch] ?? null),
    drainPerS: rateBefore(curves.accepted, stretch, curves.stretch_ns, 1e9),
  };
}

/**
 * How many stretches are over. The last one is, when the run is.
 * @param {RunData} run
 * @param {number} t
 */
export function stretchesOver({ curves, span_ns: span }, t) {
  return t >= span ? curves.accepted.length : Math.floor(t / curves.stretch_ns);
}

/**
 * How many a second there were in the time before the end of a stretch.
 * @param {number[]} counts
 * @param {number} stretch
 * @param {number} stretchNs
 * @param {number} overNs
 */
export function rateBefore(counts, stretch, stretchNs, overNs) {
  const stretches = Math.min(stretch + 1, Math.max(1, Math.round(overNs / stretchNs)));
  let sum = 0;
  for (let i = stretch + 1 - stretches; i <= stretch; i += 1) sum += counts[i] ?? 0;
  return (sum * 1e9) / (stretches * stretchNs);
}

/**
 * What of the run is drawn, where that is not all.
 * @param {RunData} run
 */
export function describeDrawn({ connections, drawn, drawn_until: until }) {
  if (drawn === connections) return "";
  const end = until === null ? "" : `, of those with a worker none that was accepted after ${duration(until / 1e6)}`;
  return `Drawn are ${drawn} of ${connections} connections${end}: who had a worker before who waited in vain. Figures and graphs are of all.`;
}
