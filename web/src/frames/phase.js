// Where a connection is at a moment, as far as its stamps tell. Each of its parts ends where the next begins.

/** @import {Passage, Turn} from "./passage.js" */

/**
 * may_wait   in the listen queue, or not yet: between the bounds of its wait
 * waits      in the listen queue
 * moving     accept4 is returning it
 * enqueueing accepted, and not in our queue yet
 * queued     in our queue
 * serving    a worker has it
 * parked     its write waits for the commit, and no thread with it
 * replying   a worker sends its answer, after the commit
 * open       between two requests
 * @typedef {"may_wait" | "waits" | "moving" | "enqueueing" | "queued" | "serving" | "parked" | "replying" | "open"} Place
 * @typedef {{place: Place, since: number, worker: number | null}} Phase
 */

/**
 * @param {Passage} passage
 * @param {number} t
 * @returns {Phase | null} null: not there yet, there no more, or nothing is recorded of that time
 */
export function phaseAt(passage, t) {
  if (t < passage.accepted) return inKernel(passage, t);
  if (passage.enqueued !== null && t < passage.enqueued) return phase("enqueueing", passage.accepted);
  const next = passage.turns.findIndex((turn) => t < turn.ended);
  return next < 0 ? null : inHand(passage, passage.turns[next], passage.turns[next - 1] ?? null, t);
}

/**
 * @param {Passage} passage
 * @param {number} t
 */
function inKernel({ mayWait, waits, acceptBegin }, t) {
  if (t >= acceptBegin) return phase("moving", acceptBegin);
  if (waits !== null && t >= waits) return phase("waits", waits);
  return mayWait !== null && t >= mayWait ? phase("may_wait", mayWait) : null;
}

/**
 * @param {Passage} passage
 * @param {Turn} turn the first that has not ended
 * @param {Turn | null} before
 * @param {number} t
 */
function inHand(passage, turn, before, t) {
  if (turn.taken === null || t < turn.taken) return beforeTaken(passage, turn, before);
  if (turn.durable === null || turn.complete === null || t < turn.complete) return phase("serving", turn.taken, turn.takenBy);
  return t < turn.durable ? phase("parked", turn.complete) : phase("replying", turn.durable, turn.worker);
}

/**
 * @param {Passage} passage
 * @param {Turn} turn
 * @param {Turn | null} before
 */
function beforeTaken(passage, turn, before) {
  if (before !== null) return turn.request - before.request <= 1 ? phase("open", before.ended) : null;
  if (turn.request > 1) return null;
  if (passage.enqueued !== null) return phase("queued", passage.enqueued);
  // Without a queue of ours (inline) the one thread has it from the accept on.
  return turn.outcome.startsWith("refused") ? null : phase("serving", passage.accepted, turn.takenBy);
}

/**
 * @param {Place} place
 * @param {number} since
 * @param {number | null} worker
 * @returns {Phase}
 */
function phase(place, since, worker = null) {
  return { place, since, worker };
}
