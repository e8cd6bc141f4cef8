// Where a request's time goes: each stage of its way, lately; since the start where nothing is recorded.
import { element, itemPool, setAttribute, setText } from "./dom.js";
import { count, duration } from "./figures.js";

/** @typedef {import("./front_door_state.js").FrontDoorState} FrontDoorState */
/** @typedef {{p50Ms: number, p99Ms: number} | null} Lately */

export const STAGE_MEANINGS = /** @type {Record<string, string>} */ ({
  accept: "from before accept4 until the connection is ours",
  enqueue: "from there until it is in our queue",
  queue: "from there until a worker has it",
  receive: "from there until the whole request has come",
  commit: "a write: from there until it is durable",
  reply: "from there until the reply is with the kernel",
  total: "all of it",
});

/** @param {HTMLElement} root */
export function mountStages(root) {
  const list = element("ol", "stage-list");
  root.append(element("h2", "", "Where the time goes"), list);
  const items = itemPool(list, oneStage);
  return {
    /**
     * @param {FrontDoorState} state
     * @param {(stage: string) => Lately} lately
     */
    draw({ stages }, lately) {
      const all = Object.entries(stages);
      items.show(all.length).forEach((item, i) => {
        const [name, stage] = all[i] ?? [];
        if (name && stage) item.draw(name, stage, lately(name));
      });
    },
  };
}

function oneStage() {
  const title = element("h3", "stage-name");
  const median = element("b", "");
  const tail = element("span", "");
  const root = element("li", "stage", title,
    element("p", "stage-times", element("span", "", element("small", "", "p50 "), median),
      element("span", "", element("small", "", "p99 "), tail)));
  return {
    root,
    /**
     * @param {string} name
     * @param {{count: number, p50_us: number, p99_us: number}} stage since the start
     * @param {Lately} lately
     */
    draw(name, stage, lately) {
      const { p50Ms, p99Ms } = lately ?? { p50Ms: stage.p50_us / 1000, p99Ms: stage.p99_us / 1000 };
      setText(title, name);
      setText(median, stage.count ? duration(p50Ms) : "–");
      setText(tail, stage.count ? duration(p99Ms) : "–");
      const times = lately ? "as last recorded" : "since the start";
      setAttribute(root, "title", `${STAGE_MEANINGS[name] ?? name}; ${times}. ${count(stage.count)} since the start`);
    },
  };
}
