// The six figures that are read from across the room.
import { element, setAttribute, setText } from "./dom.js";
import { count, decimal, duration } from "./figures.js";

/** @typedef {import("./front_door_state.js").FrontDoorState} FrontDoorState */
/** @typedef {{value: string, note: string, isAlarming?: boolean}} Reading */

// A refusal is news for so long.
const REFUSAL_NEWS_MS = 60_000;

const FIGURES = /** @type {{key: string, label: string, help: string}[]} */ ([
  { key: "drain", label: "drained a second", help: "Connections that the accept loop took out of the listen queue in the last second" },
  { key: "kernel", label: "wait in the kernel", help: "Connections in the listen queues now, and how long one waited there in the mean of the last 10 s" },
  { key: "queue", label: "wait for a worker", help: "Connections in our queue now, and how long the first of them has waited" },
  { key: "open", label: "open", help: "Connections that are open now, and how many may be" },
  { key: "answered", label: "answered within, p99", help: "From accept4 to the reply, of the requests that the server last recorded: 99 of 100 took at most so long. Where it records none, of all since the start" },
  { key: "refused", label: "refused", help: "Connections and requests that were answered 503 since the start; red for a minute after one" },
]);

export const HEADLINE_MEANINGS = FIGURES.map(({ label, help }) => /** @type {[string, string]} */ ([label, help]));

/** @param {HTMLElement} root */
export function mountHeadline(root) {
  const figures = FIGURES.map(oneFigure);
  root.append(...figures.map((figure) => figure.root));
  const readRefusals = refusalReader();
  return {
    /**
     * @param {FrontDoorState} state
     * @param {{p50Ms: number, p99Ms: number} | null} lately
     */
    draw(state, lately) {
      const readings = /** @type {Record<string, Reading>} */ ({
        drain: { value: decimal(state.accept_loop.drain_per_s["1s"]), note: `${count(state.accept_loop.accepted)} since the start` },
        kernel: readKernel(state),
        queue: readQueue(state),
        open: { value: count(state.active_sockets.open), note: `of ${count(state.active_sockets.limit)}` },
        answered: readAnswers(state, lately),
        refused: readRefusals(state),
      });
      for (const figure of figures) figure.draw(readings[figure.key] ?? { value: "–", note: "" });
    },
  };
}

/** @param {FrontDoorState} state */
function readKernel(state) {
  let depth = 0;
  let limit = 0;
  for (const queue of state.listen_queues) {
    depth += queue.depth;
    limit += queue.limit;
  }
  const mean = state.kernel_wait.little_mean_ms;
  return { value: count(depth), note: mean === null ? "nobody in 10 s" : `${duration(mean)} in the mean`, isAlarming: depth * 2 > limit };
}

/** @param {FrontDoorState} state */
function readQueue({ connection_queue: queue }) {
  const note = queue.overloaded ? `overloaded, ${duration(queue.oldest_age_ms)}` : `oldest ${duration(queue.oldest_age_ms)}`;
  return { value: count(queue.length), note, isAlarming: queue.overloaded };
}

/**
 * @param {FrontDoorState} state
 * @param {{p50Ms: number, p99Ms: number} | null} lately
 */
function readAnswers({ stages }, lately) {
  const total = stages.total;
  if (!total?.count) return { value: "–", note: "no request yet" };
  if (lately) return { value: duration(lately.p99Ms), note: `p50 ${duration(lately.p50Ms)}, lately` };
  return { value: duration(total.p99_us / 1000), note: `p50 ${duration(total.p50_us / 1000)}, since the start` };
}

function refusalReader() {
  let known = -1;
  let newsUntilMs = 0;
  /** @param {FrontDoorState} state */
  return ({ refusals: { held, ...reasons } }) => {
    const total = Object.values(reasons).reduce((sum, refused) => sum + refused, 0);
    if (known >= 0 && total > known) newsUntilMs = performance.now() + REFUSAL_NEWS_MS;
    known = total;
    return { value: count(total), note: `${count(held)} being seen off`, isAlarming: performance.now() < newsUntilMs };
  };
}

/** @param {{key: string, label: string, help: string}} figure */
function oneFigure({ key, label, help }) {
  const value = element("dd", "headline-value");
  const note = element("dd", "headline-note");
  const root = element("dl", "headline-figure", element("dt", "headline-label", label), value, note);
  root.title = help;
  return {
    key,
    root,
    /** @param {Reading} reading */
    draw(reading) {
      setText(value, reading.value);
      setText(note, reading.note);
      setAttribute(root, "data-alarm", reading.isAlarming ? "" : null);
    },
  };
}
