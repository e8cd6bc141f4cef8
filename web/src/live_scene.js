// A scene from a state of the front door (docs/front-door-api.md).

/** @typedef {import("./scene.js").Scene} Scene */
/** @typedef {import("./front_door_state.js").FrontDoorState} FrontDoorState */
/** @typedef {import("./front_door_state.js").StateListenQueue} StateListenQueue */

// Who was last seen in the listen queue is drawn as gone for so long after the look that saw them.
const MOVED_SHOWN_MS = 1500;
// Of those who have gone the last ones are, so that there is room for who still waits.
const MOVED_SHOWN_MAX = 6;

/**
 * @param {FrontDoorState} state
 * @returns {Scene}
 */
export function sceneFromState(state) {
  const connections = connectionsByPeer(state);
  return {
    architecture: state.architecture,
    listenQueues: state.listen_queues.map((queue) => listenQueue(queue, connections)),
    acceptLoop: acceptLoop(state),
    connectionQueue: state.architecture === "inline" ? null : connectionQueue(state.connection_queue),
    workers: state.workers.map((worker) => ({
      worker: worker.worker,
      connection: worker.connection,
      sinceMs: worker.since_ms,
      served: worker.served,
    })),
    heavyPool: state.heavy_pool ? heavyPool(state.heavy_pool) : null,
    activeSockets: activeSockets(state.active_sockets),
    refusals: refusals(state.refusals),
    focus: null,
  };
}

/**
 * @param {FrontDoorState} state
 * @returns {Map<string, number>}
 */
function connectionsByPeer(state) {
  return new Map(state.active_sockets.sockets.map((socket) => [socket.peer, socket.connection]));
}

/**
 * Inline, the thread that accepts is the one worker too.
 * @param {FrontDoorState} state
 * @returns {import("./scene.js").AcceptLoop}
 */
function acceptLoop({ architecture, accept_loop: loop, workers }) {
  const isWorking = architecture === "inline" && workers.some((worker) => worker.connection !== null);
  return {
    state: isWorking ? "working" : loop.state,
    line: isWorking ? "work" : loop.state === "blocked" ? "accept" : null,
    fd: null,
    sinceMs: loop.since_ms,
    accepted: loop.accepted,
    drainPerS: { last: loop.drain_per_s["1s"], tenSeconds: loop.drain_per_s["10s"] },
    acceptUs: loop.accept_us,
  };
}

/**
 * The depth is of now, the peers are of the last look that found somebody. The kernel hands them out first come first served,
 * so those who are missing now were the first ones then.
 * @param {StateListenQueue} queue
 * @param {Map<string, number>} connections
 * @returns {import("./scene.js").ListenQueue}
 */
function listenQueue({ address, depth, limit, drops, waiting }, connections) {
  const isRecent = waiting.age_ms !== null && waiting.age_ms <= MOVED_SHOWN_MS;
  const moved = Math.max(0, waiting.total - depth);
  const skipped = Math.max(0, Math.min(moved, waiting.peers.length) - MOVED_SHOWN_MAX);
  const peers = isRecent || depth > 0 ? waiting.peers.slice(skipped) : [];
  return {
    address,
    depth,
    limit,
    drops,
    waiting: peers.map((peer, i) => ({
      connection: connections.get(peer) ?? null,
      peer,
      state: i + skipped < moved || connections.has(peer) ? "moved" : "waits",
    })),
  };
}

/** @param {FrontDoorState["connection_queue"]} queue */
function connectionQueue(queue) {
  return {
    length: queue.length,
    limit: queue.limit,
    oldestAgeMs: queue.oldest_age_ms,
    targetMs: queue.target_ms,
    deadlineMs: queue.deadline_ms,
    isOverloaded: queue.overloaded,
    entries: queue.entries.map(({ connection, fd, peer, age_ms }) => ({ connection, fd, peer, ageMs: age_ms })),
  };
}

/** @param {import("./front_door_state.js").StateHeavyPool} pool */
function heavyPool(pool) {
  return {
    threads: pool.threads.map(({ thread, connection, since_ms, bodies }) => ({ thread, connection, sinceMs: since_ms, bodies })),
    queueLength: pool.queue_length,
    queueLimit: pool.queue_limit,
  };
}

/** @param {FrontDoorState["active_sockets"]} active */
function activeSockets(active) {
  return {
    open: active.open,
    limit: active.limit,
    byState: active.by_state,
    sockets: active.sockets.map((socket) => ({
      connection: socket.connection,
      fd: socket.fd,
      peer: socket.peer,
      local: socket.local,
      state: socket.state,
      ageMs: socket.age_ms,
      receiveBuffer: { bytes: socket.receive_bytes, size: socket.receive_buffer_bytes },
      sendBuffer: { bytes: socket.send_bytes, size: socket.send_buffer_bytes },
    })),
  };
}

/** @param {FrontDoorState["refusals"]} refusals */
function refusals({ held, ...byReason }) {
  return { byReason, held };
}
