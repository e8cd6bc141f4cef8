import assert from "node:assert/strict";
import { test } from "node:test";

import { makeTimeline } from "./timeline.js";

test("rows stand in the order of time, whenever they come", () => {
  const timeline = makeTimeline(["a", "b"], 300);
  timeline.add(110, { a: 3 });
  timeline.add(100, { a: 1 });
  timeline.add(105, { a: 2, b: 20 });
  assert.deepEqual(timeline.data(["a", "b"]), [[100, 105, 110], [1, 2, 3], [undefined, 20, undefined]]);
});

test("what two sources tell of one moment is one row", () => {
  const timeline = makeTimeline(["a", "b"], 300);
  timeline.add(100, { a: 1 });
  timeline.add(100, { b: 2 });
  assert.deepEqual(timeline.data(["a", "b"]), [[100], [1], [2]]);
});

test("rows older than the span are dropped", () => {
  const timeline = makeTimeline(["a"], 30);
  for (let timeS = 0; timeS <= 100; timeS += 10) timeline.add(timeS, { a: timeS });
  assert.deepEqual(timeline.data(["a"]), [[70, 80, 90, 100], [70, 80, 90, 100]]);
  timeline.add(50, { a: 50 });
  assert.deepEqual(timeline.data(["a"])[0], [70, 80, 90, 100]);
});

test("a line breaks where nothing was known for long", () => {
  const timeline = makeTimeline(["a"], 300);
  timeline.add(100, { a: 1 });
  timeline.add(105, { a: 2 });
  timeline.add(165, { a: 3 });
  assert.deepEqual(timeline.data(["a"]), [[100, 105, 105.25, 164.75, 165], [1, 2, null, null, 3]]);
});

test("a line breaks alone where others go on, and goes on over rows that are not its own", () => {
  const timeline = makeTimeline(["often", "seldom"], 300);
  for (let timeS = 100; timeS <= 140; timeS += 2) timeline.add(timeS, { often: timeS });
  timeline.add(100, { seldom: 1 });
  timeline.add(104, { seldom: 2 });
  timeline.add(140, { seldom: 3 });
  const [, often, seldom] = timeline.data(["often", "seldom"]);
  assert.ok(!often.includes(null));
  assert.deepEqual(seldom, [1, undefined, 2, ...Array(17).fill(null), 3]);
});

test("a clock that is set back takes the rows of the time that is to come with it", () => {
  const timeline = makeTimeline(["a"], 300);
  for (const timeS of [3600, 3601, 3602]) timeline.addNow(timeS, { a: timeS });
  timeline.addNow(3601.5, { a: 1 });
  assert.deepEqual(timeline.data(["a"])[0], [3600, 3601, 3601.5, 3602]);
  timeline.addNow(3000, { a: 2 });
  timeline.addNow(3001, { a: 3 });
  assert.deepEqual(timeline.data(["a"]), [[3000, 3001], [2, 3]]);
});

test("the newest value of a column is told while it is young", () => {
  const timeline = makeTimeline(["often", "seldom"], 300);
  assert.equal(timeline.newest("seldom", 30), null);
  timeline.add(100, { seldom: 7 });
  timeline.add(110, { often: 1, seldom: null });
  assert.equal(timeline.newest("seldom", 30), 7);
  assert.equal(timeline.newest("often", 30), 1);
  timeline.add(130, { often: 2 });
  assert.equal(timeline.newest("seldom", 30), null);
});
