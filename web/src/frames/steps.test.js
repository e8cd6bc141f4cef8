import assert from "node:assert/strict";
import { test } from "node:test";

import { readPassages } from "./passage.js";
import { reader, refused, writer } from "./passage_testing.js";
import { listSteps, stepsOf } from "./steps.js";
import { describe } from "./words.js";

const only = (record) => readPassages([record]).passages[0];
const kinds = (steps) => steps.map(({ kind }) => kind);

test("A write takes every step from the listen queue to its reply", () => {
  const steps = stepsOf(only(writer(1, 100, { atLeastUs: 40, atMostUs: 90 })));
  assert.deepEqual(kinds(steps), ["may_wait", "waits", "accept", "accepted", "enqueued", "taken", "complete", "durable", "ended"]);
  assert.deepEqual(steps.map(({ at }) => at / 1000), [0, 50, 88, 90, 93, 98, 118, 598, 608]);
  assert.deepEqual(steps.map(({ took }) => took), [null, null, null, 2000, 3000, 5000, 20000, 480000, 10000]);
});

test("What no stamp tells makes no step", () => {
  const record = writer(1, 100);
  record.requests[0].durable_ns = null;
  assert.deepEqual(kinds(stepsOf(only(record))), ["accept", "accepted", "enqueued", "taken", "complete", "ended"]);
  assert.deepEqual(kinds(stepsOf(only(refused(2, 100)))), ["accept", "accepted", "ended"]);
});

test("A lower bound of nothing does not say that it waited", () => {
  assert.deepEqual(kinds(stepsOf(only(writer(1, 100, { atLeastUs: 0, atMostUs: 50 })))).slice(0, 2), ["may_wait", "accept"]);
});

test("Further requests follow on the reply before, unless one between is forgotten", () => {
  const record = writer(1, 100);
  record.requests.push(reader(2, 1000), reader(5, 2000));
  const taken = stepsOf(only(record)).filter(({ kind }) => kind === "taken");
  assert.deepEqual(taken.map(({ took }) => took), [5000, 380000, null]);
});

test("The steps of all connections are in order of time", () => {
  const { passages } = readPassages([writer(2, 105), writer(1, 100), writer(3, 110, { takenUs: 2000 })]);
  const steps = listSteps(passages);
  assert.equal(steps.length, 21);
  for (let i = 1; i < steps.length; i += 1) assert.ok(steps[i - 1].at <= steps[i].at);
  assert.deepEqual(steps.slice(0, 4).map(({ kind, passage }) => [kind, passage.connection]), [
    ["accept", 1],
    ["accepted", 1],
    ["enqueued", 1],
    ["accept", 2],
  ]);
});

test("The words name descriptor, worker and durations", () => {
  const steps = stepsOf(only(writer(1, 100, { worker: 3, takenBy: 2, atLeastUs: 40, atMostUs: 90 })));
  const said = steps.map((step) => describe(step)).map(({ title, detail }) => `${title}. ${detail}`);
  assert.match(said[1], /C1 waits .*127\.0\.0\.1:54127.* at least 40 µs and at most 90 µs/);
  assert.match(said[3], /accept4 returns 5: C1 is drained.*in 2 µs.*127\.0\.0\.1:54127 → 127\.0\.0\.1:8080/);
  assert.match(said[4], /hand-over took 3 µs, the whole drain 5 µs/);
  assert.match(said[5], /Worker 2 takes C1.*Descriptor 5, after 5 µs in our queue/);
  assert.match(said[7], /commit took 480 µs/);
  assert.match(said[8], /Worker 3 sends the reply: 204.*10 µs later; 520 µs since accept4/);
  assert.match(describe(stepsOf(only(writer(1, 100)))[0]).detail, /was not sampled/);
  assert.match(describe(stepsOf(only(refused(2, 100)))[2]).title, /C2: Refused with 503: too many connections/);
});
