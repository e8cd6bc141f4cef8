import assert from "node:assert/strict";
import { test } from "node:test";

import { histogramGrowth, increase, quantile, rates } from "./counters.js";

test("a counter that is smaller than before began anew", () => {
  assert.equal(increase(10, 12), 2);
  assert.equal(increase(10, 10), 0);
  assert.equal(increase(10, 3), 3);
});

test("rates are by the second, and at the time of the later sample", () => {
  assert.deepEqual(rates([[100, 10], [105, 20], [110, 20], [112, 4]]), [[105, 2], [110, 0], [112, 2]]);
  assert.deepEqual(rates([[100, 10]]), []);
  assert.deepEqual(rates([[100, 10], [100, 20]]), []);
});

test("a quantile is the upper bound of its bucket", () => {
  const buckets = [
    { bound: 0.001, count: 50 },
    { bound: 0.01, count: 98 },
    { bound: 0.1, count: 100 },
    { bound: Infinity, count: 100 },
  ];
  assert.equal(quantile(0.5, buckets), 0.001);
  assert.equal(quantile(0.51, buckets), 0.01);
  assert.equal(quantile(0.99, buckets), 0.1);
});

test("a quantile beyond all bounds is the highest one, and of nothing there is none", () => {
  assert.equal(quantile(0.99, [{ bound: 0.1, count: 1 }, { bound: Infinity, count: 9 }]), 0.1);
  assert.equal(quantile(0.5, [{ bound: 0.1, count: 0 }, { bound: Infinity, count: 0 }]), null);
  assert.equal(quantile(0.5, []), null);
});

test("a histogram's growth is that of its buckets between two samples, over a restart too", () => {
  const grown = histogramGrowth(
    new Map([
      [Infinity, [[10, 5], [15, 9], [20, 3]]],
      [0.1, [[10, 4], [15, 6], [20, 2]]],
    ]),
  );
  assert.deepEqual(grown, [
    [15, [{ bound: 0.1, count: 2 }, { bound: Infinity, count: 4 }]],
    [20, [{ bound: 0.1, count: 2 }, { bound: Infinity, count: 3 }]],
  ]);
});

test("a histogram that began anew did so in all of its buckets, also in those that have caught up since", () => {
  const grown = histogramGrowth(
    new Map([
      [0.1, [[10, 1], [15, 6]]],
      [1, [[10, 90], [15, 8]]],
      [Infinity, [[10, 100], [15, 9]]],
    ]),
  );
  assert.deepEqual(grown, [[15, [{ bound: 0.1, count: 6 }, { bound: 1, count: 8 }, { bound: Infinity, count: 9 }]]]);
});
