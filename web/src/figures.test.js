import assert from "node:assert/strict";
import { test } from "node:test";

import { bytes, count, decimal, duration, port } from "./figures.js";

function readAll(read, cases) {
  for (const [given, expected] of cases) assert.equal(read(given), expected, String(given));
}

test("whole numbers are grouped by three digits", () => {
  readAll(count, [[0, "0"], [999, "999"], [1000, "1,000"], [1234567, "1,234,567"], [null, "–"], [NaN, "–"], [undefined, "–"]]);
});

test("decimals have the digits that matter", () => {
  readAll(decimal, [[0, "0"], [0.0042, "0.0042"], [0.421, "0.42"], [4.2, "4.2"], [4, "4"], [42.04, "42"], [42.6, "42.6"], [4200.4, "4,200"], [-3.5, "-3.5"]]);
});

test("durations are in the unit that suits them", () => {
  readAll(duration, [[0, "0 ms"], [0.0282, "28.2 µs"], [4.123, "4.12 ms"], [1500, "1.5 s"], [90_000, "1.5 min"], [7_200_000, "2 h"], [null, "–"]]);
});

test("bytes are in binary units", () => {
  readAll(bytes, [[0, "0 B"], [512, "512 B"], [65_536, "64 KiB"], [3_939_840, "3.76 MiB"], [null, "–"]]);
});

test("the port is what stands behind the last colon", () => {
  readAll(port, [["127.0.0.1:54127", "54127"], ["[::1]:80", "80"], ["no port", "no port"]]);
});
