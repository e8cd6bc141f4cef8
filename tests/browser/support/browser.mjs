// Chromium as Debian has it, driven by playwright-core from web/node_modules; and what a page said that it should not have.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../../web/package.json", import.meta.url));
const PROGRAM = process.env.MS_CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
const WAIT_MAX_MS = 60_000;

export const hasBrowser = existsSync(PROGRAM);

export function launch() {
  return require("playwright-core").chromium.launch({ executablePath: PROGRAM, args: FLAGS });
}

/**
 * A page that watches itself: errors, and what its content security policy forbade. `init` runs in it before its own script does.
 */
export async function openPage(browser, url, { init, ...options } = {}) {
  const page = await browser.newPage({ viewport: { width: 1600, height: 1000 }, ...options });
  page.setDefaultTimeout(WAIT_MAX_MS);
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(`exception: ${error.message}`));
  page.on("console", (message) => {
    // That the API does not answer is what a test of a stopped server is about; the browser says so by itself.
    const isOfApi = message.text().startsWith("Failed to load resource") && /\/(ready|api\/.*)$/.test(message.location().url.split("?")[0]);
    if (message.type() === "error" && !isOfApi) complaints.push(`console: ${message.text()}`);
  });
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => console.error(`forbidden: ${event.violatedDirective} ${event.blockedURI}`));
  });
  if (init) await page.addInitScript(init);
  await page.goto(url);
  return { page, complaints };
}

/** What each figure says, its digits no longer grouped. */
export async function readFigures(page) {
  return page.$$eval("[data-figure]", (nodes) => Object.fromEntries(nodes.map((node) => [node.dataset.figure, node.textContent.replaceAll(",", "")])));
}
