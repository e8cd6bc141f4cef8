import assert from "node:assert/strict";
import { test } from "node:test";

import { makeAxis } from "./axis.js";
import { Playback } from "./playback.js";

function playback(moments, span) {
  const made = new Playback();
  made.setSteps(moments, span);
  return made;
}

test("Steps go forward and back through the same moments", () => {
  const player = playback([10, 20, 20, 50], 60);
  const there = [];
  for (let i = 0; i < 6; i += 1) {
    player.stepForward();
    there.push([player.t, player.index]);
  }
  assert.deepEqual(there, [[10, 0], [20, 1], [20, 2], [50, 3], [50, 3], [50, 3]]);
  player.stepBack();
  assert.deepEqual([player.t, player.index], [20, 2]);
  player.stepBack();
  player.stepBack();
  player.stepBack();
  assert.deepEqual([player.t, player.index], [10, 0]);
});

test("Back from between two steps leads to the one before", () => {
  const player = playback([10, 20, 50], 60);
  player.seek(30);
  assert.equal(player.index, 1);
  player.stepBack();
  assert.deepEqual([player.t, player.index], [20, 1]);
});

test("Back from before the first step leads nowhere", () => {
  const player = playback([10, 20], 60);
  player.seek(5);
  player.stepBack();
  assert.deepEqual([player.t, player.index], [5, -1]);
});

test("A moment stays where it is when other steps are followed", () => {
  const player = playback([10, 20, 50], 60);
  player.seek(30);
  player.setSteps([5, 29], 60);
  assert.deepEqual([player.t, player.index], [30, 1]);
});

test("It plays at its pace to the end, and from there begins again", () => {
  const player = playback([1000, 2000], 3000);
  player.pace = 10;
  player.play();
  player.advance(100);
  assert.deepEqual([player.t, player.index, player.isPlaying], [1000, 0, true]);
  player.advance(1000);
  assert.deepEqual([player.t, player.isPlaying], [3000, false]);
  player.play();
  assert.deepEqual([player.t, player.isPlaying], [0, true]);
});

test("It does not play through a quiet stretch", () => {
  const player = playback([100, 10_000_000], 10_001_000);
  player.pace = 1;
  player.seek(100);
  player.play();
  player.advance(16);
  assert.equal(player.t, 10_000_000 - 250);
});

test("Without motion it plays from step to step", () => {
  const player = playback([100, 200], 300);
  player.play();
  const seen = [];
  for (let i = 0; i < 3; i += 1) {
    player.advanceStep();
    seen.push([player.t, player.isPlaying]);
  }
  assert.deepEqual(seen, [[100, true], [200, true], [300, false]]);
});

test("Nothing to play is not played", () => {
  const player = playback([], 0);
  player.play();
  player.stepForward();
  player.last();
  assert.deepEqual([player.t, player.index, player.isPlaying], [0, -1, false]);
});

test("An axis cuts quiet stretches short, and leads back to the moment", () => {
  const burst = Array.from({ length: 100 }, (_, i) => i * 1000);
  const axis = makeAxis([...burst, ...burst.map((t) => t + 10_000_000_000)], 10_000_200_000);
  assert.ok(Math.abs(axis.place(99_000) - 0.49) < 0.02, `${axis.place(99_000)}`);
  assert.equal(axis.cuts.length, 2);
  for (const t of [0, 500, 99_000, 5_000_000_000, 10_000_000_000, 10_000_200_000]) {
    assert.ok(Math.abs(axis.moment(axis.place(t)) - t) < 1, `${t}`);
  }
  assert.deepEqual([axis.place(-5), axis.place(1e12)], [0, 1]);
});

test("An axis of few or evenly spread moments is time as it is", () => {
  const even = makeAxis(Array.from({ length: 200 }, (_, i) => i * 1000), 200_000);
  assert.ok(Math.abs(even.place(50_000) - 0.25) < 1e-9);
  assert.deepEqual(even.cuts, []);
  assert.equal(makeAxis([], 0).place(0), 0);
  assert.ok(Math.abs(makeAxis([500], 1000).place(500) - 0.5) < 1e-9);
});
