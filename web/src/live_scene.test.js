import assert from "node:assert/strict";
import { test } from "node:test";

import { sceneFromState } from "./live_scene.js";

function state(changes = {}) {
  return {
    architecture: "pool",
    listen_queues: [],
    accept_loop: {
      state: "blocked",
      since_ms: 5,
      accepted: 43,
      drain_per_s: { "1s": 2, "10s": 3, start: 4 },
      accept_us: { p50: 20, p99: 50 },
    },
    connection_queue: { length: 0, limit: 9, oldest_age_ms: 0, target_ms: 50, deadline_ms: 1000, overloaded: false, entries: [] },
    workers: [{ worker: 1, connection: null, since_ms: 1, served: 2 }],
    active_sockets: { open: 0, limit: 9, by_state: {}, sockets: [] },
    refusals: { queue_age: 1, held: 2 },
    ...changes,
  };
}

function listenQueue(depth, waiting) {
  return { address: "127.0.0.1:80", depth, limit: 128, drops: 0, waiting };
}

function waitingStates(queue, sockets = []) {
  const active_sockets = { open: 1, limit: 9, by_state: {}, sockets };
  return sceneFromState(state({ listen_queues: [queue], active_sockets })).listenQueues[0].waiting;
}

test("who was seen in the listen queue and is missing by now was there first", () => {
  const waiting = waitingStates(listenQueue(1, { age_ms: 40, total: 3, peers: ["a:1", "a:2", "a:3"] }));
  assert.deepEqual(waiting.map((client) => client.state), ["moved", "moved", "waits"]);
});

test("of many who have gone the last ones are drawn, and all who wait", () => {
  const peers = Array.from({ length: 30 }, (_, i) => `a:${i}`);
  const waiting = waitingStates(listenQueue(10, { age_ms: 40, total: 30, peers }));
  assert.deepEqual(waiting.map((client) => client.peer), peers.slice(14));
  assert.deepEqual(waiting.map((client) => client.state), [...Array(6).fill("moved"), ...Array(10).fill("waits")]);
});

test("who waits no longer and has not been seen for long is not drawn", () => {
  assert.deepEqual(waitingStates(listenQueue(0, { age_ms: 5000, total: 1, peers: ["a:1"] })), []);
  assert.deepEqual(waitingStates(listenQueue(0, { age_ms: null, total: 0, peers: [] })), []);
});

test("who was seen waiting and has a socket by now has moved, and has a number", () => {
  const socket = { connection: 7, fd: 5, peer: "a:2", local: "b:80", age_ms: 1, state: "serving", receive_bytes: 0, receive_buffer_bytes: 1, send_bytes: 0, send_buffer_bytes: 1 };
  const waiting = waitingStates(listenQueue(2, { age_ms: 40, total: 2, peers: ["a:1", "a:2"] }), [socket]);
  assert.deepEqual(waiting, [
    { connection: null, peer: "a:1", state: "waits" },
    { connection: 7, peer: "a:2", state: "moved" },
  ]);
});

test("a loop that blocks is at accept4; which line one is at that drains is not known", () => {
  assert.equal(sceneFromState(state()).acceptLoop.line, "accept");
  const draining = { ...state().accept_loop, state: "draining" };
  assert.equal(sceneFromState(state({ accept_loop: draining })).acceptLoop.line, null);
});

test("inline has no connection queue, and its loop works on what its one worker has", () => {
  const busy = [{ worker: 1, connection: 8, since_ms: 1, served: 2 }];
  const scene = sceneFromState(state({ architecture: "inline", workers: busy }));
  assert.equal(scene.connectionQueue, null);
  assert.equal(scene.acceptLoop.state, "working");
  assert.equal(scene.acceptLoop.line, "work");
});

test("a server without a heavy pool has none in its scene", () => {
  assert.equal(sceneFromState(state()).heavyPool, null);
  assert.deepEqual(sceneFromState(state()).refusals, { byReason: { queue_age: 1 }, held: 2 });
});
