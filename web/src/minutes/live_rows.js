// Rows for the timeline from the states of the stream: one a second, however many states come.
import { increase } from "./counters.js";

/** @typedef {import("../front_door_state.js").FrontDoorState} FrontDoorState */

const ROW_MS = 1000;

/**
 * Takes each state; has a row for who adds it about once a second. Of what rises and falls meanwhile the row has the most: a queue that
 * was full for a moment was full.
 * @param {(timeS: number, values: Record<string, number>) => void} add
 */
export function makeLiveRows(add) {
  /** @type {FrontDoorState | null} */
  let before = null;
  let most = { depth: 0, length: 0, ageMs: 0 };

  /** @param {FrontDoorState} state */
  return (state) => {
    most = mostOf(most, state);
    // A server that was started again counts anew, and what it counted before this page saw it is of no known second. No more is
    // what it counted while its clock was set back.
    const elapsedMs = before ? state.now_unix_ms - before.now_unix_ms : Infinity;
    const isComparable = before !== null && state.uptime_seconds > before.uptime_seconds && elapsedMs >= 0;
    if (isComparable && elapsedMs < ROW_MS) return;
    const values = isComparable && before ? { ...most, ...ratesBetween(before, state, elapsedMs / 1000) } : most;
    add(state.now_unix_ms / 1000, values);
    before = state;
    most = { depth: 0, length: 0, ageMs: 0 };
  };
}

/**
 * @param {{depth: number, length: number, ageMs: number}} most
 * @param {FrontDoorState} state
 */
function mostOf(most, { listen_queues, connection_queue }) {
  return {
    depth: Math.max(most.depth, ...listen_queues.map((queue) => queue.depth)),
    length: Math.max(most.length, connection_queue.length),
    ageMs: Math.max(most.ageMs, connection_queue.oldest_age_ms),
  };
}

/**
 * @param {FrontDoorState} before
 * @param {FrontDoorState} after
 * @param {number} seconds
 */
function ratesBetween(before, after, seconds) {
  /** @type {Record<string, number>} */
  const rates = {
    connections: increase(before.accept_loop.accepted, after.accept_loop.accepted) / seconds,
    requests: increase(served(before), served(after)) / seconds,
  };
  const { held: _, ...reasons } = after.refusals;
  for (const [reason, refused] of Object.entries(reasons)) {
    rates[`refused:${reason}`] = increase(before.refusals[reason] ?? 0, refused) / seconds;
  }
  return rates;
}

/** @param {FrontDoorState} state */
function served({ workers }) {
  return workers.reduce((sum, worker) => sum + worker.served, 0);
}
