// Moments that are worth a look: the four frames of how a front door drains, found among connections that really came.

import { phaseAt } from "./phase.js";

/** @import {Passage} from "./passage.js" */
/** @typedef {{name: string, title: string, t: number, connection: number | null}} FrameMoment */

/**
 * @param {Passage[]} passages by number
 * @returns {FrameMoment[]} in the order of the frames; those that there are
 */
export function findFrames(passages) {
  const frames = [];
  const trio = findTrio(passages);
  if (trio) {
    const [first, second] = trio;
    frames.push(
      { name: "1 Wait", title: "Clients wait, the handshake done", t: first.acceptBegin, connection: first.connection },
      { name: "2 Drain", title: "accept4 returns, and the drain happens", t: first.enqueued ?? first.accepted, connection: first.connection },
      { name: "3 Next", title: "The accept loop is back at once for the next", t: second.enqueued ?? second.accepted, connection: second.connection },
    );
  }
  const busiest = busiestMoment(passages);
  if (busiest !== null) {
    frames.push({ name: "4 Busiest", title: "Most workers are busy, and our queue is longest", t: busiest, connection: null });
  }
  return frames;
}

/**
 * Three that were accepted one right after the other: of all such those of whom most may have waited when the first was accepted,
 * and among those the ones that were accepted fastest.
 * @param {Passage[]} passages
 * @returns {[Passage, Passage, Passage] | null}
 */
function findTrio(passages) {
  /** @type {[Passage, Passage, Passage] | null} */
  let best = null;
  let rank = [-1, 0];
  for (let i = 0; i + 2 < passages.length; i += 1) {
    const [first, second, third] = passages.slice(i, i + 3);
    if (third.connection !== first.connection + 2 || first.enqueued === null || second.enqueued === null) continue;
    const waiting = mayWait(second, first.acceptBegin) + mayWait(third, first.acceptBegin);
    const fast = first.acceptBegin - third.accepted;
    if (waiting < rank[0] || (waiting === rank[0] && best && fast <= rank[1])) continue;
    best = [first, second, third];
    rank = [waiting, fast];
  }
  return best;
}

/**
 * 2: surely, 1: perhaps.
 * @param {Passage} passage
 * @param {number} t
 */
function mayWait(passage, t) {
  const place = phaseAt(passage, t)?.place;
  return place === "waits" ? 2 : place === "may_wait" ? 1 : 0;
}

/**
 * Of the moments at which most connections are in a worker's hands the one at which most wait for one.
 * @param {Passage[]} passages
 */
function busiestMoment(passages) {
  /** @type {{at: number, busy: number, queued: number}[]} */
  const changes = [];
  for (const { enqueued, turns } of passages) {
    for (const { request, taken, complete, durable, ended } of turns) {
      if (taken === null) continue;
      if (enqueued !== null && request <= 1) changes.push({ at: enqueued, busy: 0, queued: 1 }, { at: taken, busy: 0, queued: -1 });
      changes.push({ at: taken, busy: 1, queued: 0 }, { at: durable !== null && complete !== null ? complete : ended, busy: -1, queued: 0 });
    }
  }
  changes.sort((a, b) => a.at - b.at);
  let [busy, queued, most, longest] = [0, 0, -1, -1];
  let found = null;
  changes.forEach((change, i) => {
    busy += change.busy;
    queued += change.queued;
    if (changes[i + 1]?.at === change.at || busy < most || (busy === most && queued <= longest)) return;
    [most, longest, found] = [busy, queued, change.at];
  });
  return found;
}
