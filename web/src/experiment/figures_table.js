// The figures of a run, measured beside predicted.

import { element } from "../dom.js";
import { count, decimal, duration } from "../figures.js";

/** @typedef {{mean: number, p50: number, p99: number, max: number}} Times */

/**
 * As `metricstream drain --json` prints it.
 * @typedef {object} Figures
 * @property {number} accepted_per_s
 * @property {{offered: number, served: number, refused: number, timed_out: number, failed: number}} counts
 * @property {{p50: number, p99: number}} accept_us
 * @property {{mean: number, max: number, limit: number, drops: number}} listen_queue
 * @property {number} syn_retransmits
 * @property {{mean_length: number, max_length: number, max_age_ms: number}} connection_queue
 * @property {Times} wait_ms
 * @property {Times} total_ms
 * @property {Predicted | null} predicted
 */

/**
 * @typedef {object} Predicted
 * @property {string} formula
 * @property {number | null} served_per_s
 * @property {number | null} lost_per_s
 * @property {number | null} mean_queue
 * @property {{mean: number | null, p50: number | null, p99: number | null}} wait_ms
 * @property {{mean: number | null, p50: number | null, p99: number | null}} total_ms
 */

/** @typedef {[name: string, measured: string, predicted: string]} Row */

/**
 * @param {"pool" | "inline"} architecture
 * @param {Figures} figures
 */
export function figuresTable(architecture, figures) {
  const rows = rowsOf(architecture, figures);
  const head = element("tr", "", ...["", "measured", "predicted"].map((name) => cell("th", name, "col")));
  const body = rows.map(tableRow);
  const table = element("table", "figures-table", element("thead", "", head), element("tbody", "", ...body));
  const formula = figures.predicted ? `Predicted by ${figures.predicted.formula}, for the steady state.` : "";
  return element("div", "", table, element("p", "formula", formula));
}

/** @param {Row} row */
function tableRow([name, ...values]) {
  const made = element("tr", "", cell("th", name, "row"), ...values.map((value) => cell("td", value)));
  made.dataset.row = name;
  return made;
}

/**
 * @param {"pool" | "inline"} architecture
 * @param {Figures} figures
 * @returns {Row[]}
 */
function rowsOf(architecture, { accepted_per_s: accepted, counts, accept_us: accept, listen_queue: kernel, ...figures }) {
  const { predicted, connection_queue: ours, wait_ms: wait, total_ms: total } = figures;
  const isInline = architecture === "inline";
  const drained = predicted && (isInline ? predicted.served_per_s : sum(predicted.served_per_s, predicted.lost_per_s));
  const queue = predicted && decimal(predicted.mean_queue);
  return [
    ["clients", count(counts.offered), ""],
    ["answered 200", count(counts.served), ""],
    ["refused 503", count(counts.refused), ""],
    ["gave up", count(counts.timed_out), ""],
    ["drained a second", decimal(accepted), maybe(drained && decimal(drained))],
    ["time per accept, p50", duration(accept.p50 / 1000), ""],
    ["listen queue, mean", decimal(kernel.mean), isInline ? maybe(queue) : ""],
    ["listen queue, max", `${count(kernel.max)} of ${count(kernel.limit)}`, ""],
    ["dropped by the kernel", count(kernel.drops), ""],
    ["our queue, mean", isInline ? "none" : decimal(ours.mean_length), isInline ? "" : maybe(queue)],
    ["wait, p99", duration(wait.p99), maybe(predicted && predicted.wait_ms.p99 !== null && duration(predicted.wait_ms.p99))],
    ["connect to reply, p50", duration(total.p50), maybe(predicted && predicted.total_ms.p50 !== null && duration(predicted.total_ms.p50))],
    ["connect to reply, p99", duration(total.p99), maybe(predicted && predicted.total_ms.p99 !== null && duration(predicted.total_ms.p99))],
  ];
}

/**
 * @param {number | null} a
 * @param {number | null} b
 */
function sum(a, b) {
  return a === null || b === null ? null : a + b;
}

/** @param {string | number | false | null} text */
function maybe(text) {
  return text ? String(text) : "";
}

/**
 * @param {"th" | "td"} tag
 * @param {string} text
 * @param {string} [scope]
 */
function cell(tag, text, scope) {
  const made = element(tag, "", text);
  if (scope) made.setAttribute("scope", scope);
  return made;
}
