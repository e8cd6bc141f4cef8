// The states of the front door as they come, and whether they come at all.
//
// A browser's EventSource goes on by itself after some failures and gives up for good after others (a 503), and a connection that
// is open and silent is none to it. So each loss is treated alike here: the stream is closed, the server is asked whether it
// is ready, and is asked again a second later until a stream is open.
//
// A stream that ends is no loss by itself: the one thread of `--architecture=inline` ends each after its first state. As long as
// the server is ready and the last state is fresh, the next stream is opened and nothing is said.

/** @typedef {import("./front_door_state.js").FrontDoorState} FrontDoorState */

/**
 * connecting: no state has come since it was looked at. away: no answer. starting: it answers, and its store is not open yet. full: it
 * is ready, and gives no stream, since too many have one. late: a state should have come. silent: the server is ready, and no state comes.
 * @typedef {object} Status
 * @property {"connecting" | "live" | "away" | "starting" | "full" | "late" | "silent"} kind
 * @property {number} sinceMs of performance.now(): when the last state came, for all but "live"
 * @property {number | null} awayMs for "live": how long there was none before
 */

// Without a state for so long, and for so many periods, what is shown is no longer now; the stream may still go on.
const LATE_MS = 2500;
const LATE_PERIODS = 3;
const SILENCE_MAX_MS = 5000;
const LOOK_MS = 500;
const RETRY_MS = 1000;
const PROBE_MAX_MS = 3000;

/**
 * Takes no stream until it is set active.
 * @param {object} options
 * @param {number} options.rate states a second
 * @param {(state: FrontDoorState) => void} options.onState
 * @param {(status: Status) => void} options.onStatus called when it changes
 * @returns {{setRate: (rate: number) => void, setActive: (isActive: boolean) => void}}
 */
export function openStateStream({ rate, onState, onStatus }) {
  /** @type {EventSource | null} */
  let source = null;
  let lastMs = performance.now();
  /** @type {Status["kind"]} */
  let kind = "connecting";
  let isActive = false;
  // A stream was opened since the server was last found not to be ready, and no state has come of it.
  let isInVain = false;
  let retry = 0;

  /** @param {Status["kind"]} next */
  function become(next) {
    if (next === kind) return;
    const awayMs = kind === "connecting" ? null : performance.now() - lastMs;
    kind = next;
    onStatus({ kind, sinceMs: lastMs, awayMs: next === "live" ? awayMs : null });
  }

  function close() {
    source?.close();
    source = null;
    clearTimeout(retry);
  }

  function streamUrl() {
    return `/api/v1/front-door/stream?rate=${rate}`;
  }

  function open() {
    close();
    const opened = new EventSource(streamUrl());
    source = opened;
    isInVain = true;
    const openedMs = performance.now();
    opened.addEventListener("state", (event) => {
      become("live");
      isInVain = false;
      lastMs = performance.now();
      onState(JSON.parse(event.data));
    });
    opened.addEventListener("error", lose);
    const watch = setInterval(() => {
      if (source !== opened) return clearInterval(watch);
      const silentMs = performance.now() - Math.max(lastMs, openedMs);
      if (silentMs > SILENCE_MAX_MS) lose();
      else if (kind === "live" && silentMs > Math.max(LATE_MS, LATE_PERIODS * 1000 / rate)) become("late");
    }, LOOK_MS);
  }

  async function lose() {
    close();
    const ready = await askWhetherReady();
    const isFresh = kind === "live" && performance.now() - lastMs < SILENCE_MAX_MS;
    const refusal = ready === "ready" && isInVain ? await askForRefusal(streamUrl()) : null;
    if (!isActive || source) return;
    clearTimeout(retry);
    if (ready !== "ready") isInVain = false;
    // It is ready again: a stream may tell.
    else if (!isFresh && !isInVain) return open();
    become(kindAfterLoss({ ready, isFresh, refusal }));
    retry = setTimeout(ready === "ready" ? open : lose, RETRY_MS);
  }

  return {
    setRate(next) {
      rate = next;
      if (source) open();
    },
    setActive(active) {
      isActive = active;
      // What was seen before nobody looked is not what is now.
      become("connecting");
      if (active) open();
      else close();
    },
  };
}

/**
 * What the page says when a stream has ended.
 * @param {object} found
 * @param {"ready" | "starting" | "away"} found.ready
 * @param {boolean} found.isFresh states came until just now
 * @param {number | null} found.refusal the code that a stream is refused with
 * @returns {Status["kind"]}
 */
export function kindAfterLoss({ ready, isFresh, refusal }) {
  if (ready !== "ready") return ready;
  if (isFresh) return "live";
  return refusal === 503 ? "full" : "silent";
}

/**
 * An EventSource does not tell with which code it was refused.
 * @param {string} url
 * @returns {Promise<number | null>} null: it is not refused, or does not answer
 */
async function askForRefusal(url) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PROBE_MAX_MS);
  try {
    const answer = await fetch(url, { cache: "no-store", signal: stop.signal });
    return answer.ok ? null : answer.status;
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
    stop.abort();
  }
}

/** @returns {Promise<"ready" | "starting" | "away">} */
async function askWhetherReady() {
  try {
    const answer = await fetch("/ready", { cache: "no-store", signal: AbortSignal.timeout(PROBE_MAX_MS) });
    return answer.ok ? "ready" : "starting";
  } catch {
    return "away";
  }
}
