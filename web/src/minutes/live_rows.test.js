import assert from "node:assert/strict";
import { test } from "node:test";

import { makeLiveRows } from "./live_rows.js";

function state({ ms, accepted = 0, served = 0, depth = 0, length = 0, refused = 0, uptime = ms / 1000 }) {
  return {
    now_unix_ms: ms,
    uptime_seconds: uptime,
    listen_queues: [{ depth }, { depth: 0 }],
    accept_loop: { accepted },
    connection_queue: { length, oldest_age_ms: length },
    workers: [{ served }, { served: 0 }],
    refusals: { queue_age: refused, held: 0 },
  };
}

function rowsOf(states) {
  const rows = [];
  const take = makeLiveRows((timeS, values) => rows.push([timeS, values]));
  for (const one of states) take(state(one));
  return rows;
}

test("a row comes about once a second, however many states do, with rates since the one before", () => {
  const rows = rowsOf([0, 250, 500, 750, 1000, 1250].map((ms) => ({ ms: 5000 + ms, accepted: ms, served: 2 * ms, refused: ms / 10 })));
  assert.equal(rows.length, 2);
  assert.deepEqual(rows[1], [6, { depth: 0, length: 0, ageMs: 0, connections: 1000, requests: 2000, "refused:queue_age": 100 }]);
});

test("what was full for a moment is in the row", () => {
  const rows = rowsOf([{ ms: 5000 }, { ms: 5250, depth: 40, length: 7 }, { ms: 6000 }, { ms: 7000 }]);
  assert.deepEqual(rows.map(([, { depth, length }]) => [depth, length]), [[0, 0], [40, 7], [0, 0]]);
});

test("a server that was started again has no rate until there are two states of it", () => {
  const rows = rowsOf([{ ms: 50_000, accepted: 900 }, { ms: 60_000, uptime: 0.5, accepted: 20 }, { ms: 61_000, uptime: 1.5, accepted: 50 }]);
  assert.deepEqual(rows.map(([, { connections }]) => connections), [undefined, undefined, 30]);
});

test("a clock that is set back has a row at once, and rates from the next one on", () => {
  const rows = rowsOf([{ ms: 50_000, uptime: 10, accepted: 900 }, { ms: 20_000, uptime: 10.25, accepted: 920 }, { ms: 21_000, uptime: 11.25, accepted: 950 }]);
  assert.deepEqual(rows.map(([timeS, { connections }]) => [timeS, connections]), [[50, undefined], [20, undefined], [21, 30]]);
});
