import assert from "node:assert/strict";
import { test } from "node:test";

import { findFrames } from "./frame_moments.js";
import { readPassages } from "./passage.js";
import { refused, writer } from "./passage_testing.js";

const frames = (records) => findFrames(readPassages(records).passages).map(({ name, connection }) => [name, connection]);

test("The frames follow three that waited together, and the busiest moment", () => {
  const waits = { atLeastUs: 80, atMostUs: 90 };
  const records = [
    ...[1, 2, 3].map((i) => writer(i, 100 + i * 6)),
    ...[5, 6, 7].map((i) => writer(i, 2000 + i * 6, waits)),
    ...[8, 9, 11, 12].map((i) => writer(i, 9000 + i * 6, { takenUs: 9500, worker: i - 7 })),
  ];
  assert.deepEqual(frames(records), [["1 Wait", 5], ["2 Drain", 5], ["3 Next", 6], ["4 Busiest", null]]);
  const busiest = findFrames(readPassages(records).passages)[3];
  const [first] = readPassages(records).passages;
  assert.equal((busiest.t - first.acceptBegin) / 1000, 9500 - 106);
});

test("Without three in a row there is the busiest moment alone, and without a worker nothing", () => {
  assert.deepEqual(frames([writer(1, 100), writer(3, 200)]), [["4 Busiest", null]]);
  assert.deepEqual(frames([refused(1, 100), refused(2, 110), refused(3, 120)]), []);
});
