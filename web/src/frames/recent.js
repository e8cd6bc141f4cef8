// The recent connections of a running server, as the player shows them.

import { readPassages } from "./passage.js";

/** @import {FrontDoorState} from "../front_door_state.js" */
/** @import {ConnectionRecord} from "./passage.js" */
/** @import {History} from "./scene_at.js" */

/** @typedef {{newest: number, connections: ConnectionRecord[]}} RecentConnections */

const CONNECTIONS_MAX = 1000;
const ANSWER_MAX_MS = 10_000;

/**
 * What the player is given to load: the last connections, and the state that names their surroundings.
 * @returns {Promise<{state: FrontDoorState, recent: RecentConnections}>}
 */
export async function loadRecent() {
  const state = await getJson("/api/v1/front-door");
  const since = Math.max(0, state.accept_loop.accepted - CONNECTIONS_MAX);
  const recent = await getJson(`/api/v1/front-door/connections?limit=${CONNECTIONS_MAX}&since=${since}`);
  return { state, recent };
}

/** @param {string} url */
async function getJson(url) {
  const answer = await fetch(url, { cache: "no-store", signal: AbortSignal.timeout(ANSWER_MAX_MS) });
  if (!answer.ok) throw new Error(`${url} answers ${answer.status}`);
  return answer.json();
}

/**
 * @param {FrontDoorState} state
 * @param {RecentConnections} recent
 * @returns {{history: History, span: number}}
 */
export function recentHistory(state, recent) {
  const { passages, span } = readPassages(recent.connections);
  const queue = state.connection_queue;
  const history = {
    architecture: state.architecture,
    passages,
    strangers: [],
    workers: state.workers.length,
    listeners: state.listen_queues.map(({ address, limit }) => ({ address, limit })),
    queue: state.architecture === "inline" ? null : { limit: queue.limit, targetMs: queue.target_ms, deadlineMs: queue.deadline_ms },
    openLimit: state.active_sockets.limit,
    measuredAt: () => ({ listenDepth: null, drops: null, queueLength: null, drainPerS: null }),
  };
  return { history, span };
}
