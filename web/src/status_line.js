// Whether the page shows what is now, in words; a change is read out, the seconds that pass are not.
import { setAttribute, setText } from "./dom.js";
import { duration, timeOfDay } from "./figures.js";

/** @typedef {import("./state_stream.js").Status} Status */

const BACK_SHOWN_MS = 15_000;

const WORDS = {
  connecting: "connecting",
  live: "live",
  away: "The server does not answer",
  starting: "The server is starting",
  full: "The server has no stream left: too many pages watch it",
  late: "No state has come for a while",
  silent: "The server is ready, but sends no states",
};

// Before the name in the tab, where it shows what is past.
const TITLES = { connecting: "", live: "", away: "away", starting: "starting", full: "no stream left", late: "late", silent: "silent" };

/**
 * @param {{root: HTMLElement, text: HTMLElement, since: HTMLElement}} places
 */
export function mountStatusLine({ root, text, since }) {
  /** @type {Status} */
  let status = { kind: "connecting", sinceMs: performance.now(), awayMs: null };
  let backUntilMs = 0;

  function draw() {
    const nowMs = performance.now();
    const isStale = status.kind !== "live" && status.kind !== "connecting";
    setAttribute(root, "data-kind", status.kind);
    setAttribute(document.body, "data-stale", isStale ? "" : null);
    const isBack = status.kind === "live" && nowMs < backUntilMs;
    setText(text, isBack ? `back after ${duration(status.awayMs)}` : WORDS[status.kind]);
    setText(since, isStale ? `last heard of at ${timeOfDay(performance.timeOrigin + status.sinceMs, "2-digit")}, ${duration(wholeSeconds(nowMs - status.sinceMs))} ago` : "");
    document.title = isStale ? `(${TITLES[status.kind]}) MetricStream` : "MetricStream: the front door";
  }

  setInterval(draw, 1000);
  return {
    /** @param {Status} next */
    set(next) {
      status = next;
      if (next.kind === "live" && next.awayMs !== null) backUntilMs = performance.now() + BACK_SHOWN_MS;
      draw();
    },
  };
}

/** @param {number} ms */
function wholeSeconds(ms) {
  return Math.ceil(ms / 1000) * 1000;
}
