// The file that `metricstream drain --html` writes, opened in a browser as a file: it plays, scrubs and steps, and needs nothing
// beside itself.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

import { hasBrowser, launch, openPage } from "./support/browser.mjs";
import { until } from "./support/server.mjs";

if (!hasBrowser) {
  console.log("skipped: there is no chromium (apt-get install chromium)");
  process.exit(77);
}

const SCREENSHOTS = process.env.MS_SCREENSHOTS ?? "build/screenshots";
const CLIENTS = 150;
const WIDTHS = [1600, 400];

let folder;
let url;
let browser;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "metricstream-experiment-"));
  const path = join(folder, "drain.html");
  const flags = ["--burst", String(CLIENTS), "--service-time", "2ms", "--workers", "4", "--backlog", "64"];
  await promisify(execFile)(process.env.MS_SERVER ?? "build/release/metricstream", ["drain", ...flags, "--html", path]);
  url = pathToFileURL(path).href;
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

async function withFile(options, body) {
  const { page, complaints } = await openPage(browser, url, options);
  try {
    const asked = [];
    page.on("request", (request) => asked.push(request.url()));
    await page.reload();
    await body(page);
    assert.deepEqual(complaints, []);
    assert.deepEqual(asked, [url]);
  } finally {
    await page.close();
  }
}

function clock(page) {
  return page.textContent(".now");
}

function shown(page) {
  return page.evaluate(() => document.body.innerText);
}

function figure(page, architecture, name) {
  return page.textContent(`#${architecture} [data-figure="${name}"]`);
}

test("it plays, and pauses", async () => {
  await withFile({}, async (page) => {
    const begin = await clock(page);
    await page.keyboard.press(" ");
    await until("the clock has moved on", async () => (await clock(page)) !== begin);
    await page.keyboard.press(" ");
    assert.equal(await page.textContent(".transport-play"), "Play");
  });
});

test("steps lead forward, and back to the same", async () => {
  await withFile({}, async (page) => {
    await page.keyboard.press("Home");
    const forward = [await shown(page)];
    for (let i = 0; i < 8; ++i) {
      await page.keyboard.press("ArrowRight");
      forward.push(await shown(page));
    }
    assert.notEqual(forward[0], forward[8]);
    const back = [await shown(page)];
    for (let i = 0; i < 8; ++i) {
      await page.keyboard.press("ArrowLeft");
      back.push(await shown(page));
    }
    assert.deepEqual(back.reverse(), forward);
  });
});

test("at the end of the slider all is over, in both architectures", async () => {
  await withFile({}, async (page) => {
    const slider = page.locator("input[type=range]");
    await slider.fill(await slider.getAttribute("max"));
    for (const architecture of ["inline", "pool"]) {
      assert.equal(await figure(page, architecture, "came"), String(CLIENTS));
      assert.equal(await figure(page, architecture, "workers-busy"), architecture === "inline" ? "0 of 1" : "0 of 4");
      assert.equal(await figure(page, architecture, "answered"), await page.textContent(`#${architecture} [data-row="answered 200"] td`));
    }
  });
});

test("it fits beside and below each other, and its pictures are kept", async () => {
  await mkdir(SCREENSHOTS, { recursive: true });
  for (const width of WIDTHS) {
    await withFile({ viewport: { width, height: 1000 } }, async (page) => {
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${width} px`);
      const [old, young] = await page.$$eval(".run", (runs) => runs.map((run) => run.getBoundingClientRect().top));
      assert.equal(old === young, width === 1600);
      await page.locator("input[type=range]").fill("30000");
      await page.screenshot({ path: join(SCREENSHOTS, `experiment-${width}.png`), fullPage: true });
    });
  }
});
