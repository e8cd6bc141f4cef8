import assert from "node:assert/strict";
import { test } from "node:test";

import { readPassages } from "./passage.js";
import { reader, refused, writer } from "./passage_testing.js";
import { sceneAt } from "./scene_at.js";

const UNKNOWN = { listenDepth: null, drops: null, queueLength: null, drainPerS: null };

function historyOf(records, more = {}) {
  return {
    architecture: "pool",
    passages: readPassages(records).passages,
    strangers: [],
    workers: 2,
    listeners: [{ address: "127.0.0.1:8080", limit: 1024 }],
    queue: { limit: 1000, targetMs: 50, deadlineMs: 1000 },
    openLimit: 1000,
    measuredAt: () => UNKNOWN,
    ...more,
  };
}

// Moments are told in us after C1's wait may have begun, which is 110 us before its accept4 returns.
const at = (history, us, focus = null) => sceneAt(history, us * 1000, focus);

const three = () =>
  historyOf([
    writer(1, 108, { takenUs: 130, worker: 1, atLeastUs: 60, atMostUs: 110 }),
    writer(2, 113, { takenUs: 140, worker: 2, takenBy: 1, atLeastUs: 60, atMostUs: 115 }),
    writer(3, 118, { takenUs: 900, worker: 1, atLeastUs: 60, atMostUs: 120 }),
  ]);

test("Who surely waits is counted, who may wait is drawn", () => {
  const [early] = at(three(), 10).listenQueues;
  assert.deepEqual(early.waiting.map(({ state }) => state), ["may_wait", "may_wait", "may_wait"]);
  assert.equal(early.depth, 0);
  const [late] = at(three(), 53).listenQueues;
  assert.deepEqual(late.waiting.map(({ state }) => state), ["waits", "may_wait", "may_wait"]);
  assert.equal(late.depth, 1);
});

test("The accept moves one connection, and the next ones still wait", () => {
  const { listenQueues, acceptLoop } = at(three(), 109);
  assert.deepEqual(listenQueues[0].waiting.map(({ state }) => state), ["moving", "waits", "waits"]);
  assert.deepEqual([acceptLoop.state, acceptLoop.line, acceptLoop.fd], ["draining", "accept", null]);
  const handed = at(three(), 111);
  assert.deepEqual(handed.listenQueues[0].waiting.map(({ state }) => state), ["moved", "waits", "waits"]);
  assert.deepEqual([handed.acceptLoop.line, handed.acceptLoop.fd, handed.acceptLoop.accepted], ["enqueue", 5, 1]);
  assert.equal(handed.activeSockets.sockets[0].fd, 5);
});

test("Our queue holds who was enqueued and not taken, with their ages", () => {
  const { connectionQueue } = at(three(), 128);
  assert.deepEqual(connectionQueue.entries.map(({ connection }) => connection), [1, 2, 3]);
  assert.equal(connectionQueue.length, 3);
  assert.equal(connectionQueue.oldestAgeMs, 0.015);
});

test("A worker has who it took; who waits for the commit has no worker", () => {
  const serving = at(three(), 145);
  assert.deepEqual(serving.workers.map(({ connection }) => connection), [2, null]);
  const parked = at(three(), 300);
  assert.deepEqual(parked.workers.map(({ connection }) => connection), [null, null]);
  assert.deepEqual(parked.activeSockets.sockets.map(({ state }) => state), ["parked", "parked", "queued"]);
  const replying = at(three(), 645);
  assert.deepEqual(replying.workers.map(({ connection }) => connection), [null, 2]);
});

test("A worker is at the last that it took: the other one waits for its client", () => {
  const slow = writer(1, 100, { takenUs: 120 });
  slow.requests[0].complete_ns += 1_000_000;
  slow.requests[0].durable_ns = null;
  slow.requests[0].replied_ns += 2_000_000;
  const scene = sceneAt(historyOf([slow, writer(2, 200, { takenUs: 300 })]), 210_000, null);
  assert.deepEqual(scene.workers.map(({ connection }) => connection), [2, null]);
  assert.deepEqual(scene.activeSockets.sockets.map(({ state }) => state), ["waiting", "serving"]);
});

test("Between two requests the socket is open; where one of them is forgotten nothing is said", () => {
  const kept = writer(1, 100);
  kept.requests.push(reader(2, 5000), reader(9, 8000));
  const history = historyOf([kept]);
  assert.deepEqual(sceneAt(history, 2_000_000, null).activeSockets.sockets.map(({ state }) => state), ["waiting"]);
  assert.equal(sceneAt(history, 6_000_000, null).activeSockets.open, 0);
  assert.equal(sceneAt(history, 7_910_000, null).workers[1].connection, 1);
});

test("Who is refused at the accept is in no queue of ours", () => {
  const scene = sceneAt(historyOf([refused(1, 100)]), 4000, null);
  assert.equal(scene.connectionQueue.length, 0);
  assert.equal(scene.activeSockets.open, 0);
});

test("Inline accepts, works, and accepts again, and those who gave up are in its queue", () => {
  const record = writer(1, 100);
  record.enqueued_ns = null;
  const history = historyOf([record], {
    architecture: "inline",
    queue: null,
    workers: 1,
    strangers: [{ peer: "127.0.0.9:50000", waits: 0, left: 40_000 }],
    measuredAt: () => ({ ...UNKNOWN, listenDepth: 900, drainPerS: 180 }),
  });
  const scene = sceneAt(history, 15_000, 1);
  assert.deepEqual([scene.acceptLoop.state, scene.acceptLoop.line, scene.acceptLoop.fd], ["working", "work", 5]);
  assert.equal(scene.connectionQueue, null);
  assert.equal(scene.listenQueues[0].depth, 900);
  assert.deepEqual(scene.listenQueues[0].waiting, [{ connection: null, peer: "127.0.0.9:50000", state: "waits" }]);
  assert.equal(scene.acceptLoop.drainPerS.last, 180);
  assert.equal(scene.focus, 1);
});
