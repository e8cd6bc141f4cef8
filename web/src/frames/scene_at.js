// sceneAt: the front door at a moment of the past, from the stamps of those who were there.

import { port } from "../figures.js";
import { phaseAt } from "./phase.js";

/** @import {Scene, Socket, Waiting, Worker} from "../scene.js" */
/** @import {Passage} from "./passage.js" */
/** @import {Phase, Place} from "./phase.js" */

/**
 * What a scene is made from. Figures that no stamp tells come from elsewhere, or are null.
 * @typedef {object} History
 * @property {"pool" | "inline"} architecture
 * @property {Passage[]} passages in the order of acceptance
 * @property {Stranger[]} strangers
 * @property {number} workers how many there are
 * @property {{address: string, limit: number}[]} listeners
 * @property {{limit: number, targetMs: number, deadlineMs: number} | null} queue
 * @property {number | null} openLimit
 * @property {(t: number) => Measured} measuredAt
 */

/**
 * A client that was in the listen queue by its own stamps, and gave up before anybody accepted it.
 * @typedef {{peer: string, waits: number, left: number}} Stranger
 */

/**
 * @typedef {object} Measured
 * @property {number | null} listenDepth
 * @property {number | null} drops
 * @property {number | null} queueLength
 * @property {number | null} drainPerS
 */

// More than can be told apart in a picture: an old server's full listen queue has a thousand.
const DRAWN_MAX = 200;

/** @type {Partial<Record<Place, string>>} */
const SOCKET_STATES = {
  enqueueing: "queued",
  queued: "queued",
  serving: "serving",
  parked: "parked",
  replying: "serving",
  open: "waiting",
};

/** @typedef {{passage: Passage, phase: Phase}} Present */

/**
 * @param {History} history
 * @param {number} t
 * @param {number | null} focus
 * @returns {Scene}
 */
export function sceneAt(history, t, focus) {
  const present = presentAt(history.passages, t);
  const measured = history.measuredAt(t);
  return {
    architecture: history.architecture,
    listenQueues: history.listeners.map((listener) => listenQueue(listener, history, present, measured, t)),
    acceptLoop: acceptLoop(history, present, measured, t),
    connectionQueue: connectionQueue(history, present, measured, t),
    workers: workers(history, present, t),
    heavyPool: null,
    activeSockets: activeSockets(history, present, t),
    refusals: null,
    focus,
  };
}

/**
 * @param {Passage[]} passages
 * @param {number} t
 * @returns {Present[]}
 */
function presentAt(passages, t) {
  const present = [];
  for (const passage of passages) {
    const phase = phaseAt(passage, t);
    if (phase !== null) present.push({ passage, phase });
  }
  return present;
}

/**
 * @param {{address: string, limit: number}} listener
 * @param {History} history
 * @param {Present[]} present
 * @param {Measured} measured
 * @param {number} t
 */
function listenQueue({ address, limit }, history, present, measured, t) {
  // One that listens on all addresses is told by the port.
  const itsOwn = present.filter(({ passage }) => port(passage.local) === port(address));
  const known = waiting(history, itsOwn, t);
  return {
    address,
    depth: measured.listenDepth ?? known.filter(({ state }) => state === "waits" || state === "moving").length,
    limit,
    drops: measured.drops,
    waiting: known.slice(0, DRAWN_MAX),
  };
}

/**
 * Who is moving first, then who waits, in the order of acceptance; then who was never accepted.
 * @param {History} history
 * @param {Present[]} present
 * @param {number} t
 * @returns {Waiting[]}
 */
function waiting({ strangers }, present, t) {
  /** @type {Waiting[]} */
  const known = [];
  for (const { passage, phase } of present) {
    const { place } = phase;
    if (place === "may_wait" || place === "waits" || place === "moving") {
      known.push({ connection: passage.connection, peer: passage.peer, state: place });
    } else if (place === "enqueueing") {
      known.push({ connection: passage.connection, peer: passage.peer, state: "moved" });
    }
  }
  for (const { peer, waits, left } of strangers) {
    if (waits <= t && t < left) known.push({ connection: null, peer, state: "waits" });
  }
  return known;
}

/**
 * @param {History} history
 * @param {Present[]} present
 * @param {Measured} measured
 * @param {number} t
 * @returns {Scene["acceptLoop"]}
 */
function acceptLoop(history, present, measured, t) {
  const at = last(present, ({ phase }) => phase.place === "moving" || phase.place === "enqueueing");
  const worked = history.architecture === "inline" ? last(present, ({ phase }) => isInHand(phase)) : null;
  const current = at ?? worked;
  const waits = present.some(({ phase }) => phase.place === "waits");
  /** @type {Scene["acceptLoop"]["line"]} */
  let line = "accept";
  if (at?.phase.place === "enqueueing") line = "enqueue";
  if (!at && worked) line = "work";
  return {
    // Whether it blocks is not known: of one who waits unsampled there is no stamp.
    state: line === "work" ? "working" : at || waits ? "draining" : null,
    line,
    fd: current && current.phase.place !== "moving" ? current.passage.fd : null,
    sinceMs: current ? (t - current.phase.since) / 1e6 : null,
    accepted: lastAccepted(history.passages, t),
    drainPerS: measured.drainPerS === null ? null : { last: measured.drainPerS, tenSeconds: null },
    acceptUs: null,
  };
}

/**
 * Numbers are given out one by one: that of the last is how many there were.
 * @param {Passage[]} passages
 * @param {number} t
 */
function lastAccepted(passages, t) {
  return last(passages, ({ accepted }) => accepted <= t)?.connection ?? null;
}

/**
 * The last item that holds.
 * @template T
 * @param {T[]} items
 * @param {(item: T) => boolean} holds
 */
function last(items, holds) {
  for (let i = items.length - 1; i >= 0; i -= 1) {
    const item = items[i];
    if (item !== undefined && holds(item)) return item;
  }
  return null;
}

/** @param {Phase} phase */
function isInHand({ place }) {
  return place === "serving" || place === "parked" || place === "replying";
}

/**
 * @param {History} history
 * @param {Present[]} present
 * @param {Measured} measured
 * @param {number} t
 * @returns {Scene["connectionQueue"]}
 */
function connectionQueue({ queue }, present, measured, t) {
  if (queue === null) return null;
  const entries = present
    .filter(({ phase }) => phase.place === "queued")
    .map(({ passage, phase }) => ({
      connection: passage.connection,
      fd: passage.fd,
      peer: passage.peer,
      ageMs: (t - phase.since) / 1e6,
    }));
  return {
    length: measured.queueLength ?? entries.length,
    limit: queue.limit,
    oldestAgeMs: entries[0]?.ageMs ?? 0,
    targetMs: queue.targetMs,
    deadlineMs: queue.deadlineMs,
    isOverloaded: null,
    entries: entries.slice(0, DRAWN_MAX),
  };
}

/**
 * @param {History} history
 * @param {Present[]} present
 * @param {number} t
 * @returns {Worker[]}
 */
function workers(history, present, t) {
  const holders = holdersOf(present);
  return Array.from({ length: history.workers }, (_, i) => {
    const held = holders.get(i + 1);
    return {
      worker: i + 1,
      connection: held?.passage.connection ?? null,
      sinceMs: held ? (t - held.phase.since) / 1e6 : null,
      served: null,
    };
  });
}

/**
 * Who is in whose hands. A worker has one connection at a time: of several that it has taken and not ended, it is at the last;
 * the others wait for their client's bytes, or for a query.
 * @param {Present[]} present
 */
function holdersOf(present) {
  /** @type {Map<number, Present>} */
  const holders = new Map();
  for (const one of present) {
    if (one.phase.worker === null) continue;
    const other = holders.get(one.phase.worker);
    if (!other || other.phase.since <= one.phase.since) holders.set(one.phase.worker, one);
  }
  return holders;
}

/**
 * @param {History} history
 * @param {Present[]} present
 * @param {number} t
 * @returns {Scene["activeSockets"]}
 */
function activeSockets(history, present, t) {
  const holders = new Set(holdersOf(present).values());
  /** @type {Record<string, number>} */
  const byState = { queued: 0, serving: 0, parked: 0, waiting: 0 };
  /** @type {Socket[]} */
  const sockets = [];
  for (const one of present) {
    const state = socketState(one, holders);
    if (state === null) continue;
    byState[state] += 1;
    sockets.push({ ...identity(one.passage), state, ageMs: (t - one.passage.accepted) / 1e6, receiveBuffer: null, sendBuffer: null });
  }
  return { open: sockets.length, limit: history.openLimit, byState, sockets: sockets.slice(0, DRAWN_MAX) };
}

/**
 * @param {Present} one
 * @param {Set<Present>} holders
 */
function socketState(one, holders) {
  const state = SOCKET_STATES[one.phase.place] ?? null;
  return state === "serving" && one.phase.worker !== null && !holders.has(one) ? "waiting" : state;
}

/** @param {Passage} passage */
function identity({ connection, fd, peer, local }) {
  return { connection, fd, peer, local };
}
