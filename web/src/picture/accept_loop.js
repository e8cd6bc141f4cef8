// The thread that drains, and the line of its code that it is at.
import { element, setAttribute, setText } from "../dom.js";
import { count, decimal, duration } from "../figures.js";
import { part } from "./part.js";

/** @typedef {import("../scene.js").AcceptLoop} AcceptLoop */

/** @returns {import("../picture.js").Part} */
export function acceptLoopPart() {
  const view = part("accept-loop", "application", "Accept loop",
    "One thread that does nothing but take connections out of the listen queue and put them into ours");
  const rate = view.figure("drained / s", "Connections accepted in the last second, by the second", "drain-1s");
  const mean = view.figure("10 s mean", "Connections accepted in the last ten seconds, by the second", "drain-10s");
  const accepted = view.figure("accepted", "Connections accepted since the start", "accepted");
  const cost = view.figure("accept p50 / p99", "From before accept4 until the connection is in our queue");
  const code = codeLines();
  view.body.append(code.root);
  return {
    root: view.root,
    draw(scene) {
      const loop = scene.acceptLoop;
      view.setBadge(loop.state);
      setAttribute(view.root, "data-state", loop.state);
      rate.set(decimal(loop.drainPerS?.last));
      mean.set(decimal(loop.drainPerS?.tenSeconds));
      accepted.set(count(loop.accepted));
      cost.set(loop.acceptUs ? `${duration(loop.acceptUs.p50 / 1000)} / ${duration(loop.acceptUs.p99 / 1000)}` : "–");
      code.draw(loop, scene.architecture);
    },
  };
}

function codeLines() {
  const accept = codeLine("  int fd = accept4(listener, …);");
  const enqueue = codeLine("  queue.enqueue(fd);");
  const work = codeLine("  work(fd);");
  const root = element("ol", "code", codeLine("while (running) {").root, accept.root, enqueue.root, work.root,
    codeLine("}").root);
  return {
    root,
    /**
     * @param {AcceptLoop} loop
     * @param {"pool" | "inline"} architecture
     */
    draw(loop, architecture) {
      const next = architecture === "inline" ? work : enqueue;
      enqueue.root.hidden = next !== enqueue;
      work.root.hidden = next !== work;
      // A loop that drains runs through its lines thousands of times a second: which one it is at is known only where a
      // moment of one connection is shown.
      const isAnywhere = loop.line === null && loop.state !== "blocked";
      accept.draw(loop.line === "accept" ? "at" : isAnywhere ? "through" : null, acceptNote(loop));
      next.draw(loop.line === "enqueue" || loop.line === "work" ? "at" : isAnywhere ? "through" : null, nextNote(loop));
    },
  };
}

/** @param {AcceptLoop} loop */
function acceptNote(loop) {
  if (loop.fd !== null) return `← returned ${loop.fd}`;
  const since = loop.sinceMs === null ? "" : ` ${duration(loop.sinceMs)}`;
  if (loop.state === "blocked") return `← blocks${since}`;
  if (loop.line === "accept" && loop.state === "draining") return "← about to return";
  if (loop.state === "refusing") return `← drains${since}, refuses`;
  return loop.state === "draining" ? `← drains${since}` : "";
}

/** @param {AcceptLoop} loop */
function nextNote(loop) {
  if (loop.line === "enqueue" && loop.fd !== null) return `← queued fd ${loop.fd}`;
  if (loop.line === "work" || loop.state === "working") {
    return loop.sinceMs === null ? "← works" : `← works ${duration(loop.sinceMs)}`;
  }
  return "";
}

const ARROWS = { at: "→", through: "↻" };

/** @param {string} text */
function codeLine(text) {
  const arrow = element("span", "code-arrow");
  const note = element("span", "code-note");
  const root = element("li", "code-line", arrow, element("code", "", text), note);
  return {
    root,
    /**
     * @param {"at" | "through" | null} place
     * @param {string} words
     */
    draw(place, words) {
      setText(arrow, place ? ARROWS[place] : "");
      setAttribute(root, "data-at", place);
      setAttribute(root, "aria-current", place === "at" ? "step" : null);
      setText(note, words);
    },
  };
}
