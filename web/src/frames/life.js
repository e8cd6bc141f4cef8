// The life of the connection that is followed: a bar of what its time went to, and its steps as a list.

import { element, itemPool, setAttribute, setProperty, setText } from "../dom.js";
import { duration } from "../figures.js";
import { phaseAt } from "./phase.js";
import { clock, label } from "./words.js";

/** @import {Passage} from "./passage.js" */
/** @import {Step} from "./steps.js" */

// Of a connection that is kept open for long the ones around the present step.
const STEPS_SHOWN_MAX = 40;

/** @type {Record<string, string>} */
const PARTS = {
  may_wait: "kernel?",
  waits: "kernel",
  moving: "accept4",
  enqueueing: "enqueue",
  queued: "our queue",
  serving: "worker",
  parked: "commit",
  replying: "reply",
  open: "open",
};

/** @param {(step: Step) => void} onChoose */
export function mountLife(onChoose) {
  const bar = element("ol", "life-bar");
  bar.setAttribute("aria-hidden", "true");
  const parts = itemPool(bar, onePart);
  const list = element("ol", "life-steps");
  const items = itemPool(list, () => oneStep(onChoose));
  const note = element("p", "life-note");
  return {
    bar,
    root: element("div", "life", list, note),
    /**
     * @param {Passage} passage
     * @param {Step[]} steps the connection's
     * @param {number} index of the step that is shown; -1: before the first
     * @param {number} t
     */
    draw(passage, steps, index, t) {
      const begin = Math.max(0, Math.min(index - STEPS_SHOWN_MAX / 2, steps.length - STEPS_SHOWN_MAX));
      const shown = steps.slice(begin, begin + STEPS_SHOWN_MAX);
      items.show(shown.length).forEach((item, i) => item.draw(shown[i], begin + i === index));
      const segments = segmentsOf(passage, shown);
      parts.show(segments.length).forEach((part, i) => part.draw(segments[i], t));
      setText(note, steps.length > shown.length ? `Steps ${begin + 1} to ${begin + shown.length} of ${steps.length}` : "");
    },
  };
}

/** @typedef {{place: string, begin: number, end: number}} Segment */

/**
 * @param {Passage} passage
 * @param {Step[]} steps
 * @returns {Segment[]}
 */
function segmentsOf(passage, steps) {
  const segments = [];
  for (let i = 0; i + 1 < steps.length; i += 1) {
    const [begin, end] = [steps[i].at, steps[i + 1].at];
    const place = phaseAt(passage, begin)?.place;
    if (place && end > begin) segments.push({ place, begin, end });
  }
  return segments;
}

function onePart() {
  const name = element("span", "");
  const root = element("li", "life-part", name);
  return {
    root,
    /**
     * @param {Segment} segment
     * @param {number} t
     */
    draw({ place, begin, end }, t) {
      setAttribute(root, "data-place", place);
      setAttribute(root, "data-now", begin <= t && t < end ? "" : null);
      setAttribute(root, "title", `${PARTS[place]}: ${duration((end - begin) / 1e6)}`);
      setProperty(root, "--time", String(end - begin));
      setText(name, PARTS[place] ?? "");
    },
  };
}

/** @param {(step: Step) => void} onChoose */
function oneStep(onChoose) {
  const when = element("span", "step-when");
  const what = element("span", "step-what");
  const took = element("span", "step-took");
  const chosen = element("button", "", when, what, took);
  chosen.type = "button";
  /** @type {Step | null} */
  let step = null;
  chosen.addEventListener("click", () => step && onChoose(step));
  const root = element("li", "", chosen);
  return {
    root,
    /**
     * @param {Step} shown
     * @param {boolean} isCurrent
     */
    draw(shown, isCurrent) {
      step = shown;
      setAttribute(chosen, "aria-current", isCurrent ? "step" : null);
      setAttribute(chosen, "data-kind", shown.kind);
      setText(when, clock(shown.at));
      setText(what, label(shown));
      setText(took, shown.took === null ? "" : duration(shown.took / 1e6));
    },
  };
}
