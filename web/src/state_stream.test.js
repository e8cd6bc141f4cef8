import assert from "node:assert/strict";
import { test } from "node:test";

import { kindAfterLoss } from "./state_stream.js";

test("a stream that ends is no loss while the server is ready and states are fresh", () => {
  assert.equal(kindAfterLoss({ ready: "ready", isFresh: true, refusal: null }), "live");
});

test("a server that is ready is never said not to answer", () => {
  assert.equal(kindAfterLoss({ ready: "ready", isFresh: false, refusal: 503 }), "full");
  assert.equal(kindAfterLoss({ ready: "ready", isFresh: false, refusal: null }), "silent");
  assert.equal(kindAfterLoss({ ready: "ready", isFresh: false, refusal: 500 }), "silent");
});

test("who is not ready is what it says, whatever came just now", () => {
  for (const isFresh of [true, false]) {
    assert.equal(kindAfterLoss({ ready: "starting", isFresh, refusal: null }), "starting");
    assert.equal(kindAfterLoss({ ready: "away", isFresh, refusal: null }), "away");
  }
});
