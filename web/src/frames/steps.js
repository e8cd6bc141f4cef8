// Steps: what happened at the front door, one stamp after the other. A stamp that is not there makes no step.

/** @import {Passage, Turn} from "./passage.js" */

/**
 * In the order of one connection's life.
 * @typedef {"may_wait" | "waits" | "accept" | "accepted" | "enqueued" | "taken" | "complete" | "durable" | "ended"} StepKind
 */

/**
 * @typedef {object} Step
 * @property {number} at
 * @property {StepKind} kind
 * @property {Passage} passage
 * @property {Turn | null} turn null: of the connection, not of a request
 * @property {number | null} took what it ends has taken, since the step before; null: not known
 */

/** @type {Record<StepKind, number>} */
const ORDER = { may_wait: 0, waits: 1, accept: 2, accepted: 3, enqueued: 4, taken: 5, complete: 6, durable: 7, ended: 8 };

/**
 * All steps of all connections in order of time.
 * @param {Passage[]} passages
 */
export function listSteps(passages) {
  return passages.flatMap(stepsOf).sort((a, b) => a.at - b.at || a.passage.connection - b.passage.connection || inTurn(a, b));
}

/**
 * @param {Step} a
 * @param {Step} b
 */
function inTurn(a, b) {
  return (a.turn?.request ?? 0) - (b.turn?.request ?? 0) || ORDER[a.kind] - ORDER[b.kind];
}

/**
 * @param {Passage} passage
 * @returns {Step[]} in order
 */
export function stepsOf(passage) {
  const { mayWait, waits, acceptBegin, accepted, enqueued } = passage;
  /** @type {Step[]} */
  const steps = [];
  /**
   * @param {StepKind} kind
   * @param {number | null} at
   * @param {number | null} took
   */
  const add = (kind, at, took = null) => {
    if (at !== null) steps.push({ at, kind, passage, turn: null, took });
  };
  if (mayWait !== waits) add("may_wait", mayWait);
  add("waits", waits !== null && waits < acceptBegin ? waits : null);
  add("accept", acceptBegin);
  add("accepted", accepted, accepted - acceptBegin);
  add("enqueued", enqueued, enqueued === null ? null : enqueued - accepted);
  passage.turns.forEach((turn, i) => steps.push(...stepsOfTurn(passage, turn, passage.turns[i - 1] ?? null)));
  return steps;
}

/**
 * @param {Passage} passage
 * @param {Turn} turn
 * @param {Turn | null} before
 * @returns {Step[]}
 */
function stepsOfTurn(passage, turn, before) {
  let since = beforeTurn(passage, turn, before);
  /** @type {Step[]} */
  const steps = [];
  for (const [kind, at] of momentsOf(turn)) {
    if (at === null) continue;
    steps.push({ at, kind, passage, turn, took: since === null ? null : at - since });
    since = at;
  }
  return steps;
}

/**
 * @param {Turn} turn
 * @returns {[StepKind, number | null][]}
 */
function momentsOf({ taken, complete, durable, ended }) {
  return [
    ["taken", taken],
    ["complete", complete],
    ["durable", durable],
    ["ended", ended],
  ];
}

/**
 * What came just before a request, where that is recorded.
 * @param {Passage} passage
 * @param {Turn} turn
 * @param {Turn | null} before
 */
function beforeTurn(passage, turn, before) {
  if (before !== null) return turn.request - before.request <= 1 ? before.ended : null;
  return turn.request <= 1 ? (passage.enqueued ?? passage.accepted) : null;
}
