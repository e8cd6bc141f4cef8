// The states of the front door as they come, and whether they come at all.
//
// A browser's EventSource goes on by itself after some failures and gives up for good after others (a 503), and a connection that
// is open and silent is none to it. So each loss is treated alike here: the stream is closed, the server is asked whether it
// is ready, and is asked again a second later until a stream is open.

/** @typedef {import("./front_door_state.js").FrontDoorState} FrontDoorState */

/**
 * away: no answer. starting: it answers, and its store is not open yet. full: it is ready, and gives no stream, since too many
 * have one.
 * @typedef {object} Status
 * @property {"connecting" | "live" | "away" | "starting" | "full"} kind
 * @property {number} sinceMs of performance.now(): when the last state came, for all but "live"
 * @property {number | null} awayMs for "live": how long there was none before
 */

const SILENCE_MAX_MS = 5000;
const RETRY_MS = 1000;
const PROBE_MAX_MS = 3000;

/**
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
  let isActive = true;
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

  function open() {
    close();
    const opened = new EventSource(`/api/v1/front-door/stream?rate=${rate}`);
    source = opened;
    let hasState = false;
    const openedMs = performance.now();
    opened.addEventListener("state", (event) => {
      become("live");
      hasState = true;
      lastMs = performance.now();
      onState(JSON.parse(event.data));
    });
    opened.addEventListener("error", () => lose(hasState ? "away" : "full"));
    const watch = setInterval(() => {
      if (source !== opened) return clearInterval(watch);
      if (performance.now() - Math.max(lastMs, openedMs) > SILENCE_MAX_MS) lose("away");
    }, RETRY_MS);
  }

  /** @param {"away" | "full"} ifReady what it is where the server says that it is ready */
  async function lose(ifReady) {
    close();
    const answer = await askWhetherReady();
    if (!isActive || source) return;
    become(answer === "ready" ? ifReady : answer);
    retry = setTimeout(answer === "ready" ? open : () => lose("away"), RETRY_MS);
  }

  open();
  return {
    setRate(next) {
      rate = next;
      if (source) open();
    },
    setActive(active) {
      isActive = active;
      if (active) open();
      else close();
    },
  };
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
