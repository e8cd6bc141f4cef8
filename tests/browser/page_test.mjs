// The page in a browser, against the real server: what it shows is what the server says, also when there is none.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { after, before, test } from "node:test";

import { hasBrowser, launch, openPage, readFigures } from "./support/browser.mjs";
import { Server, until } from "./support/server.mjs";

if (!hasBrowser) {
  console.log("skipped: there is no chromium (apt-get install chromium)");
  process.exit(77);
}

const SCREENSHOTS = process.env.MS_SCREENSHOTS ?? "build/screenshots";
const ROUNDS = 3;
const STATES_SEEN = 4;
// Well within the five minutes of the graphs: a slow machine has three for the test.
const RECORDED_AGO_S = 120;

let server;
let browser;

before(async () => {
  server = await Server.create("--self-metrics-interval", "1s");
  await server.start();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.remove();
});

/** Runs `body` with a page, which then must have had nothing to complain of. */
async function withPage(options, body) {
  const { page, complaints } = await openPage(browser, server.url, options);
  try {
    await body(page);
    assert.deepEqual(complaints, []);
  } finally {
    await page.close();
  }
}

function waitForStatus(page, kind) {
  return page.waitForSelector(`#status[data-kind="${kind}"]`);
}

function graphLabels(page) {
  return page.$$eval("[role=img]", (graphs) => graphs.map((graph) => graph.getAttribute("aria-label")));
}

test("while a storm runs, the figures agree with the API", async () => {
  await withPage({}, async (page) => {
    const storm = server.storm("--rate", "200");
    try {
      await page.selectOption("#rate", "20");
      for (let round = 0; round < ROUNDS; ++round) {
        const earlier = await server.get("/api/v1/front-door");
        // A state with as many accepted may be from before the answer; one with more is from after it.
        const shown = await until("the page has caught up", async () => {
          const figures = await readFigures(page);
          return Number(figures.accepted) > earlier.accept_loop.accepted && figures;
        });
        const later = await server.get("/api/v1/front-door");
        assertBetween(earlier, shown, later);
      }
    } finally {
      await storm.stop();
    }
  });
});

// Counters only grow, so what the page shows lies between two answers around it; the limits are equal.
function assertBetween(earlier, shown, later) {
  const served = (state) => state.workers.reduce((sum, worker) => sum + worker.served, 0);
  const isBetween = (low, value, high, what) => assert.ok(low <= Number(value) && Number(value) <= high, `${what}: ${low} <= ${value} <= ${high}`);
  isBetween(earlier.accept_loop.accepted, shown.accepted, later.accept_loop.accepted, "accepted");
  isBetween(served(earlier), shown.served, served(later), "served");
  isBetween(earlier.refusals.queue_age, shown["refused-queue_age"], later.refusals.queue_age, "refused by age");
  assert.equal(shown["listen-limit"], String(later.listen_queues[0].limit));
  assert.equal(shown["listen-address"], later.listen_queues[0].address);
  assert.equal(shown["queue-limit"], String(later.connection_queue.limit));
  assert.equal(shown["open-limit"], String(later.active_sockets.limit));
  assert.equal(shown["queue-deadline"], "1 s");
  assert.match(shown["workers-busy"], new RegExp(`^\\d+ of ${later.workers.length}$`));
}

// The server records each second here, and the page reads what it has every five.
test("what requests take is told of those of late, and of all where none is recorded", async () => {
  const note = (page) => page.locator(".headline-figure", { hasText: "answered within" }).locator(".headline-note").textContent();
  const total = (page) => page.locator(".stage", { hasText: "total" }).getAttribute("title");
  await withPage({ init: answerNoQuery }, async (page) => {
    await until("all are told of", async () => /^p50 .*, since the start$/.test(await note(page)));
    assert.match(await total(page), /^all of it; since the start\. /);
  });
  const storm = server.storm("--rate", "200");
  try {
    await withPage({}, async (page) => {
      await until("those of late are told of", async () => /^p50 .*, lately$/.test(await note(page)));
      assert.match(await total(page), /^all of it; as last recorded\. /);
    });
  } finally {
    await storm.stop();
  }
});

function answerNoQuery() {
  const whole = window.fetch;
  window.fetch = (...request) => (String(request[0]).includes("/query") ? Promise.resolve(new Response("{}", { status: 503 })) : whole(...request));
}

test("a server that stands still is seen to, and seen to go on", async () => {
  await withPage({}, async (page) => {
    await waitForStatus(page, "live");
    server.signal("SIGSTOP");
    try {
      await waitForStatus(page, "late");
      assert.equal(await page.getAttribute("body", "data-stale"), "");
    } finally {
      server.signal("SIGCONT");
    }
    await waitForStatus(page, "live");
    assert.equal(await page.getAttribute("body", "data-stale"), null);
  });
});

test("a setting that is changed is shown", async () => {
  await withPage({}, async (page) => {
    await until("the target is shown", async () => (await readFigures(page))["queue-target"] === "50 ms");
    await server.post("/api/v1/front-door/settings", { queue_target_ms: 20 });
    await until("the new one is", async () => (await readFigures(page))["queue-target"] === "20 ms");
    await server.post("/api/v1/front-door/settings", { queue_target_ms: 50 });
  });
});

test("the page can be paused, gone on with and turned light by its keys", async () => {
  await withPage({ colorScheme: "dark" }, async (page) => {
    await waitForStatus(page, "live");
    await page.keyboard.press("t");
    assert.equal(await page.getAttribute("html", "data-theme"), "light");
    await page.keyboard.press("3");
    assert.equal(await page.inputValue("#rate"), "10");

    await page.keyboard.press("p");
    assert.equal(await page.getAttribute("#pause", "aria-pressed"), "true");
    const { accepted } = await readFigures(page);
    const [drawn] = await graphLabels(page);
    const storm = server.storm("--rate", "200");
    try {
      await until("the graphs have gone on", async () => (await graphLabels(page))[0] !== drawn);
      assert.equal((await readFigures(page)).accepted, accepted);
      await page.keyboard.press("p");
      await until("the picture goes on", async () => Number((await readFigures(page)).accepted) > Number(accepted));
    } finally {
      await storm.stop();
    }
  });
});

function keepNothing() {
  Object.defineProperty(window, "localStorage", {
    get() {
      throw new DOMException("denied", "SecurityError");
    },
  });
}

test("a browser that keeps nothing still has a dark and a light page", async () => {
  await withPage({ colorScheme: "dark", init: keepNothing }, async (page) => {
    await waitForStatus(page, "live");
    await page.keyboard.press("t");
    assert.equal(await page.getAttribute("html", "data-theme"), "light");
    await page.keyboard.press("t");
    assert.equal(await page.getAttribute("html", "data-theme"), "dark");
  });
});

test("each control is reached by the tabulator, and seen to be", async () => {
  await withPage({}, async (page) => {
    const reached = [];
    for (let presses = 0; presses < 6; ++presses) {
      await page.keyboard.press("Tab");
      const focus = await page.evaluate(() => {
        const node = document.activeElement;
        return { id: node.id, outline: getComputedStyle(node).outlineStyle };
      });
      assert.notEqual(focus.outline, "none");
      reached.push(focus.id);
    }
    for (const id of ["rate", "pause", "theme"]) assert.ok(reached.includes(id), `${id} of ${reached}`);
  });
});

test("what the pointer is told of a figure is read without one, at 400 pixels too", async () => {
  await withPage({ viewport: { width: 400, height: 800 } }, async (page) => {
    await waitForStatus(page, "live");
    await page.locator("#legend summary").focus();
    await page.keyboard.press("Enter");
    // Filled when the browser tells that it was opened, which is behind the key.
    await page.locator("#legend dl").first().waitFor();
    const told = await page.$$eval("#headline [title], #picture .part-title[title], #picture .figure[title]", (nodes) => nodes.map((node) => node.title));
    assert.ok(told.length > 20);
    const legend = await page.textContent("#legend");
    for (const text of told) assert.ok(legend.includes(text), text);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    await page.keyboard.press("Enter");
    await page.locator("#legend dl").first().waitFor({ state: "hidden" });
  });
});

test("a server that stops is said to be away, and to be back, and the minutes before are still there", async () => {
  const recordedS = Date.now() / 1000 - RECORDED_AGO_S;
  await server.post("/metrics", [0, 5, 10].map((seconds) => ({
    name: "metricstream_accepted_connections_total",
    value: seconds * 10,
    timestamp: Math.round((recordedS + seconds) * 1000),
    tags: { job: "metricstream", instance: "self" },
  })));
  await withPage({}, async (page) => {
    await until("what was recorded is drawn", async () => isDrawnFrom(page, recordedS));
    // Of these a state tells nothing: they come from what the server records itself.
    await until("latencies are", async () => /total p99 .* ms/.test(await page.textContent("#graphs")));

    await server.stop();
    await waitForStatus(page, "away");
    assert.equal(await page.textContent("#status-text"), "The server does not answer");
    assert.match(await page.textContent("#status-since"), /^last heard of at .*, .* ago$/);
    assert.equal(await page.getAttribute("body", "data-stale"), "");

    await server.start();
    await waitForStatus(page, "live");
    assert.match(await page.textContent("#status-text"), /^back after /);
    assert.equal(await page.getAttribute("body", "data-stale"), null);
    assert.ok(await isDrawnFrom(page, recordedS));

    await page.reload();
    await until("what was recorded is drawn again", async () => isDrawnFrom(page, recordedS));
  });
});

// Whether the graphs begin where the record does: its first rate is that of its second sample.
async function isDrawnFrom(page, recordedS) {
  const seconds = await page.evaluate((timeS) => new Date(timeS * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }), recordedS + 5);
  return (await graphLabels(page)).every((label) => label.includes(`from ${seconds} to `));
}

// A tab behind others, as far as a page can tell, until `hide(false)` is called in it.
function beginHidden() {
  let isHidden = true;
  Object.defineProperty(document, "hidden", { get: () => isHidden });
  window.hide = (hidden) => {
    isHidden = hidden;
    document.dispatchEvent(new Event("visibilitychange"));
  };
}

test("a page that nobody looks at takes no stream, and asks for what it missed when somebody does", async () => {
  await withPage({ init: beginHidden }, async (page) => {
    const asked = [];
    page.on("request", (request) => asked.push(decodeURIComponent(request.url())));
    const recalls = () => asked.filter((url) => url.includes("query=") && url.includes("accepted_connections_total")).length;
    const streams = () => asked.filter((url) => url.includes("/stream")).length;
    const hide = (hidden) => page.evaluate((value) => window.hide(value), hidden);
    await page.waitForLoadState("networkidle");
    assert.equal(streams(), 0);

    await hide(false);
    await waitForStatus(page, "live");
    await until("the minutes are recalled", async () => recalls() === 1);
    await hide(true);
    assert.equal(await page.getAttribute("#status", "data-kind"), "connecting");
    await hide(false);
    await waitForStatus(page, "live");
    await until("they are recalled again", async () => recalls() === 2);
    assert.equal(streams(), 2);
  });
});

test("one thread for all ends each stream after a state, and the page says live throughout", async () => {
  const inline = await Server.create("--architecture", "inline");
  try {
    await inline.start();
    const { page, complaints } = await openPage(browser, inline.url);
    await waitForStatus(page, "live");
    await page.evaluate(() => {
      window.kinds = [];
      const status = document.querySelector("#status");
      new MutationObserver(() => window.kinds.push(status.dataset.kind)).observe(status, { attributeFilter: ["data-kind"] });
    });
    // Each stream is a connection: the count of those accepted tells one state from the next.
    const seen = new Set();
    await until("some states have come", async () => seen.add((await readFigures(page)).accepted).size > STATES_SEEN);
    assert.deepEqual(await page.evaluate(() => window.kinds), []);
    assert.equal(await page.getAttribute("body", "data-stale"), null);
    assert.deepEqual(complaints, []);
    await page.close();
  } finally {
    await inline.remove();
  }
});

test("a server that has no stream left is said to be that, and not to be away", async () => {
  const { page } = await openPage(browser, server.url);
  await page.route("**/api/v1/front-door/stream*", (route) => route.fulfill({ status: 503, headers: { "Retry-After": "1" }, body: "" }));
  await page.reload();
  await waitForStatus(page, "full");
  assert.match(await page.title(), /^\(no stream left\)/);
  await page.unroute("**/api/v1/front-door/stream*");
  await waitForStatus(page, "live");
  await page.close();
});

test("markup in the names of clients is shown as the text that it is", async () => {
  const markup = '<img src=x onerror="document.title=1">';
  const state = await server.get("/api/v1/front-door");
  state.listen_queues[0].address = markup;
  state.listen_queues[0].depth = 1;
  state.listen_queues[0].waiting = { age_ms: 1, total: 1, peers: [markup] };
  state.active_sockets.by_state = { [markup]: 1 };
  state.active_sockets.sockets = [{ connection: 1, fd: 5, peer: markup, local: markup, age_ms: 1, state: markup,
    receive_bytes: 0, receive_buffer_bytes: 1, send_bytes: 0, send_buffer_bytes: 1 }];
  state.stages = { [markup]: { count: 1, mean_us: 1, p50_us: 1, p99_us: 1 } };
  const recorded = { status: "success", data: { resultType: "matrix", result: [
    { metric: { __name__: "metricstream_refused_connections_total", reason: markup, instance: markup }, values: [[1, "0"], [2, "5"]] },
    { metric: { __name__: "metricstream_stage_seconds_bucket", stage: markup, le: markup }, values: [[1, "0"], [2, "5"]] }] } };
  const request = { request: 1, taken_by: 1, worker: 1, outcome: markup, code: null, taken_ns: 4000, complete_ns: null, durable_ns: null,
    replied_ns: null, ended_ns: 9000 };
  const recent = { newest: 1, connections: [{ connection: 1, fd: 5, peer: markup, local: markup, kernel_wait_at_least_ms: null,
    kernel_wait_at_most_ms: null, accept_begin_ns: 1000, accepted_ns: 2000, enqueued_ns: 3000, requests: [request] }] };
  await withPage({}, async (page) => {
    await page.route("**/api/v1/query?*", (route) => route.fulfill({ json: recorded }));
    await page.route("**/api/v1/front-door", (route) => route.fulfill({ json: state }));
    await page.route("**/api/v1/front-door/connections*", (route) => route.fulfill({ json: recent }));
    await page.route("**/api/v1/front-door/stream*", (route) =>
      route.fulfill({ contentType: "text/event-stream", body: `event: state\ndata: ${JSON.stringify(state)}\n\n` }));
    await page.reload();
    await until("the state is drawn", async () => (await readFigures(page))["listen-address"] === markup);
    for (const place of [".slot-name", ".sockets tbody", ".socket-states", ".stage-name"]) {
      assert.ok((await page.textContent(place)).includes(markup), place);
    }
    await page.keyboard.press("f");
    await page.waitForSelector('#frames[data-state="ready"]');
    assert.ok((await page.textContent(".player-follow")).includes(markup));
    await page.keyboard.press("End");
    assert.ok((await page.textContent("#frames")).includes("img src=x"));
    assert.equal(await page.locator("img").count(), 0);
    assert.notEqual(await page.title(), "1");
  });
});

test("the page fits a telephone and a wall, dark and light", async () => {
  await mkdir(SCREENSHOTS, { recursive: true });
  const storm = server.storm("--rate", "200");
  try {
    for (const [width, height] of [[400, 800], [1600, 1000]]) {
      for (const colorScheme of ["dark", "light"]) {
        await withPage({ viewport: { width, height }, colorScheme, reducedMotion: "reduce" }, async (page) => {
          await until("something is drawn", async () => Number((await readFigures(page)).accepted) > 0);
          assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width);
          assert.equal(await page.getAttribute("html", "data-theme"), colorScheme);
          assert.match(await page.$eval(".gauge-fill", (node) => getComputedStyle(node).transitionDuration), /^0s$/);
          await page.screenshot({ path: `${SCREENSHOTS}/front-door-${width}-${colorScheme}.png`, fullPage: true });
        });
      }
    }
  } finally {
    await storm.stop();
  }
});
