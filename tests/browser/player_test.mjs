// Frame by frame, on the page of a real server: the steps are those that the API tells, and lead back to where they came from.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, test } from "node:test";

import { duration } from "../../web/src/figures.js";
import { hasBrowser, launch, openPage, readFigures } from "./support/browser.mjs";
import { Server, until } from "./support/server.mjs";

if (!hasBrowser) {
  console.log("skipped: there is no chromium (apt-get install chromium)");
  process.exit(77);
}

const CONNECTIONS = 200;
const STEPS = 12;

let server;
let browser;

before(async () => {
  server = await Server.create("--workers", "4");
  await server.start();
  const clients = spawn(process.env.MS_SERVER ?? "build/release/metricstream",
    ["bench", "storm", server.url, "--connections", String(CONNECTIONS), "--concurrency", "16"], { stdio: "ignore" });
  await once(clients, "exit");
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.remove();
});

/** Runs `body` with the player open, on a page that then must have had nothing to complain of. */
async function withPlayer(options, body) {
  const { page, complaints } = await openPage(browser, server.url, options);
  try {
    await page.waitForSelector("#replay");
    await page.keyboard.press("f");
    await page.waitForSelector('#frames[data-state="ready"]', { timeout: 60_000 });
    await body(page);
    assert.deepEqual(complaints, []);
  } finally {
    await page.close();
  }
}

/** What the player says and the picture shows of a moment. */
function moment(page) {
  return page.evaluate(() => {
    const text = (selector) => document.querySelector(selector).innerText;
    const slider = document.querySelector("#frames input[type=range]");
    return { caption: text(".caption"), picture: text("#picture"), slider: slider.getAttribute("aria-valuetext") };
  });
}

function shownSteps(page) {
  return page.$$eval(".life-steps li:not([hidden])", (steps) =>
    steps.map((step) => ["what", "took"].map((part) => step.querySelector(`.step-${part}`).textContent)));
}

/** What the API says of a connection, as the list of steps has it. */
function expectedSteps(record) {
  const [request] = record.requests;
  const took = (from, to) => duration((to - from) / 1e6);
  return [
    ["accept4 is called", ""],
    [`accept4 returns ${record.fd}`, took(record.accept_begin_ns, record.accepted_ns)],
    ["in our queue", took(record.accepted_ns, record.enqueued_ns)],
    [`worker ${request.taken_by} takes it`, took(record.enqueued_ns, request.taken_ns)],
    ["request complete", took(request.taken_ns, request.complete_ns)],
    ["durable", took(request.complete_ns, request.durable_ns)],
    [`reply ${request.code}`, took(request.durable_ns, request.replied_ns)],
  ];
}

test("steps lead forward, and back to the same", async () => {
  await withPlayer({}, async (page) => {
    await page.selectOption(".player-follow", "all");
    await page.keyboard.press("Home");
    await page.locator(".transport-play").focus();
    const forward = [await moment(page)];
    for (let i = 0; i < STEPS; ++i) {
      await page.keyboard.press("ArrowRight");
      forward.push(await moment(page));
    }
    assert.equal(new Set(forward.map(({ caption }) => caption)).size, forward.length);
    const back = [await moment(page)];
    for (let i = 0; i < STEPS; ++i) {
      await page.click(".transport-back");
      back.push(await moment(page));
    }
    assert.deepEqual(back.reverse(), forward);
  });
});

test("the steps of a connection are those of its record, in order", async () => {
  await withPlayer({}, async (page) => {
    const { connections } = await server.get("/api/v1/front-door/connections?limit=1000");
    const written = connections.filter(({ requests }) => requests[0].durable_ns !== null);
    assert.ok(written.length >= CONNECTIONS / 2, `${written.length} writes are remembered`);
    for (const record of [written[0], written[Math.floor(written.length / 2)], written[written.length - 1]]) {
      await page.selectOption(".player-follow", String(record.connection));
      const steps = (await shownSteps(page)).filter(([what]) => !what.includes("in the kernel"));
      assert.deepEqual(steps, expectedSteps(record));
      await page.keyboard.press("End");
      const whens = await page.$$eval(".life-steps li:not([hidden]) .step-when", (all) => all.map((one) => one.textContent.replace(/[^0-9.]/g, "")));
      assert.deepEqual(whens.map(Number), whens.map(Number).sort((a, b) => a - b));
    }
  });
});

test("it plays in slow motion until it is paused, and follows the slider", async () => {
  await withPlayer({ viewport: { width: 400, height: 900 } }, async (page) => {
    await page.click(".transport-play");
    assert.equal(await page.textContent(".transport-play"), "Pause");
    const before = await moment(page);
    await until("it has moved on", async () => (await moment(page)).slider !== before.slider);
    await page.keyboard.press("ArrowRight");
    assert.equal(await page.textContent(".transport-play"), "Play");

    await page.locator("#frames input[type=range]").fill("0");
    assert.match((await moment(page)).slider, /^\+0\.000/);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "it fits in 400 px");
  });
});

test("without motion it goes from step to step", async () => {
  await withPlayer({ reducedMotion: "reduce" }, async (page) => {
    await page.keyboard.press("Home");
    const moments = await page.$$eval(".life-steps .step-when", (all) => all.map((one) => one.textContent));
    await page.click(".transport-play");
    const seen = new Set();
    await until("some steps have passed", async () => {
      seen.add((await moment(page)).slider.split(":")[0]);
      return seen.size >= 3;
    });
    for (const when of seen) assert.ok(moments.includes(when), `${when} of ${moments}`);
  });
});

test("the picture is of now again when it is left", async () => {
  await withPlayer({}, async (page) => {
    await page.keyboard.press("f");
    assert.equal(await page.isVisible("#frames"), false);
    await showsNow(page);
  });
});

test("until the records have come, and where they do not, the picture is of now", async () => {
  const { page } = await openPage(browser, server.url);
  await page.waitForSelector('#status[data-kind="live"]');
  let answer = () => {};
  const isAsked = new Promise((asked) => {
    page.route("**/api/v1/front-door/connections*", (route) => {
      answer = () => route.fulfill({ status: 500, body: "" });
      asked();
    });
  });
  await page.keyboard.press("f");
  await isAsked;
  await showsNow(page);
  await answer();
  await page.waitForSelector('#frames[data-state="failed"]');
  assert.match(await page.textContent(".player-note"), /answers 500/);
  await showsNow(page);
  await page.close();
});

// The API is asked by connections, which the picture counts.
async function showsNow(page) {
  const { accepted } = (await server.get("/api/v1/front-door")).accept_loop;
  await until("the picture is live", async () => Number((await readFigures(page)).accepted) >= accepted);
  assert.equal(await page.locator("#picture.past").count(), 0);
}

test("the focus goes back to the button that opened it, and a key that is held acts once", async () => {
  await withPlayer({}, async (page) => {
    await page.locator(".transport-play").focus();
    await page.keyboard.press("f");
    assert.equal(await page.evaluate(() => document.activeElement.id), "replay");
    await page.keyboard.down("f");
    await page.keyboard.down("f");
    await page.keyboard.up("f");
    assert.equal(await page.isVisible("#frames"), true);
  });
});
