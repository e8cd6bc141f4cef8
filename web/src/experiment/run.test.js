import assert from "node:assert/strict";
import { test } from "node:test";

import { sceneAt } from "../frames/scene_at.js";
import { describeDrawn, rateBefore, runHistory, stretchesOver } from "./run.js";

const BOUNDS = { queue_target_ms: 50, queue_deadline_ms: 1000 };

// As src/drain/html_report_test.cc has it; moments in ns.
function run(more = {}) {
  return {
    architecture: "pool",
    workers: 2,
    address: "127.0.0.1:8080",
    listen_limit: 1024,
    queue_limit: 1000,
    span_ns: 20_000_000,
    connections: 3,
    drawn: 3,
    drawn_until: null,
    columns: ["connection", "fd", "peer", "connected", "accept_begin", "accepted", "enqueued", "taken", "complete", "ended", "worker", "outcome"],
    rows: [
      [1, 5, "127.0.0.2:54127", 10000, 100000, 102000, 105000, 110000, null, 5110000, 1, 200],
      [2, 6, "127.0.0.2:54128", null, 105000, 107000, 110000, null, null, 5120000, 0, "refused_age"],
    ],
    strangers: [[3, 60000, 45000, 9000000]],
    curves: {
      stretch_ns: 10_000_000,
      offered: [3, 0],
      accepted: [2, 0],
      served: [1, 0],
      refused: [1, 0],
      timed_out: [0, 0],
      listen_depth: [7, 1],
      queue_length: [4, 0],
    },
    ...more,
  };
}

test("A row becomes a passage, with its client's own stamp", () => {
  const history = runHistory(run(), BOUNDS);
  const [served, refused] = history.passages;
  assert.deepEqual([served.waits, served.mayWait, served.accepted, served.enqueued], [10000, 10000, 102000, 105000]);
  assert.deepEqual(served.turns[0], {
    request: 1, takenBy: 1, worker: 1, outcome: "replied", code: 200, taken: 110000, complete: null, durable: null, ended: 5110000,
  });
  assert.deepEqual([refused.waits, refused.turns[0].request, refused.turns[0].outcome, refused.turns[0].worker], [null, 0, "refused_age", null]);
  assert.equal(history.strangers[0].peer, "127.0.0.5:60000");
});

test("Where everyone is drawn the pool's queues are counted; else, and inline, they are as measured", () => {
  const counted = sceneAt(runHistory(run(), BOUNDS), 1_000_000, null);
  assert.deepEqual([counted.listenQueues[0].depth, counted.connectionQueue.length], [1, 1]);
  const measured = sceneAt(runHistory(run({ connections: 9 }), BOUNDS), 1_000_000, null);
  assert.deepEqual([measured.listenQueues[0].depth, measured.connectionQueue.length], [7, 4]);
  const inline = sceneAt(runHistory(run({ architecture: "inline", workers: 1 }), BOUNDS), 1_000_000, null);
  assert.deepEqual([inline.listenQueues[0].depth, inline.connectionQueue], [7, null]);
});

test("A rate is a mean over the time before, as far as there was any", () => {
  assert.equal(rateBefore([10, 20, 30], 2, 10_000_000, 20_000_000), 2500);
  assert.equal(rateBefore([10, 20, 30], 0, 10_000_000, 20_000_000), 1000);
});

test("The last stretch is over when the run is", () => {
  const shorter = run({ span_ns: 15_000_000 });
  assert.deepEqual([9_999_999, 10_000_000, 14_999_999, 15_000_000].map((t) => stretchesOver(shorter, t)), [0, 1, 1, 2]);
});

test("It says what is not drawn", () => {
  assert.equal(describeDrawn(run()), "");
  assert.match(describeDrawn(run({ connections: 9 })), /Drawn are 3 of 9 connections: who had a worker/);
  assert.match(describeDrawn(run({ connections: 9, drawn_until: 2_000_000_000 })), /none that was accepted after 2 s/);
});
