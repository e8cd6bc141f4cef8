// The transport: buttons, speed, scrubber and keys that move a Playback, and the clock that plays it.

import { element, setAttribute, setProperty, setText } from "../dom.js";

/** @import {Axis} from "./axis.js" */
/** @import {Playback} from "./playback.js" */
/** @typedef {{name: string, nanosecondsPerMs: number}} Speed */

/** @type {Speed[]} */
export const SPEEDS = [
  { name: "1 s shows 10 µs", nanosecondsPerMs: 10 },
  { name: "1 s shows 100 µs", nanosecondsPerMs: 100 },
  { name: "1 s shows 1 ms", nanosecondsPerMs: 1000 },
  { name: "1 s shows 10 ms", nanosecondsPerMs: 10_000 },
  { name: "1 s shows 100 ms", nanosecondsPerMs: 100_000 },
  { name: "real time", nanosecondsPerMs: 1_000_000 },
];

const RANGE_MAX = 100_000;
const BINS = 100;
// Without motion a step stands for so long.
const STEP_SHOWN_MS = 900;
// A tab in the background is not given frames: what passed meanwhile is not played.
const FRAME_MS_MAX = 250;

/**
 * @typedef {object} Transport
 * @property {HTMLElement} root
 * @property {(axis: Axis, moments: number[]) => void} setAxis
 * @property {(text: string) => void} update shows where the playback is; `text` says the same in words
 * @property {() => void} stop
 * @property {() => void} focus
 */

/**
 * @param {Playback} playback
 * @param {{speed: number, keysOn: HTMLElement | Document, onChange: () => void}} options `speed`: its number in SPEEDS
 * @returns {Transport}
 */
export function mountTransport(playback, { speed, keysOn, onChange }) {
  const play = button("transport-play", "Play", "Play", toggle);
  const speeds = speedChoice(speed, (nanosecondsPerMs) => (playback.pace = nanosecondsPerMs));
  const scrubber = mountScrubber((t) => act(() => seek(t)));
  const buttons = element(
    "div",
    "transport-buttons",
    button("", "First", "First step (Home)", () => act(() => playback.first())),
    button("transport-back", "‹ Back", "Step back (left arrow)", () => act(() => playback.stepBack())),
    play,
    button("transport-forward", "Step ›", "Step forward (right arrow)", () => act(() => playback.stepForward())),
    button("", "Last", "Last step (End)", () => act(() => playback.last())),
  );
  buttons.setAttribute("role", "group");
  buttons.setAttribute("aria-label", "Steps");
  const root = element("div", "transport", buttons, speeds, scrubber.root);
  const clock = frameClock((elapsedMs, isReduced) => {
    if (isReduced) playback.advanceStep();
    else playback.advance(elapsedMs);
    onChange();
    return playback.isPlaying;
  });

  /** @param {() => void} move */
  function act(move) {
    move();
    onChange();
  }
  /** @param {number} t */
  function seek(t) {
    playback.pause();
    playback.seek(t);
  }
  function toggle() {
    if (playback.isPlaying) playback.pause();
    else playback.play();
    if (playback.isPlaying) clock.start();
    onChange();
  }
  keysOn.addEventListener("keydown", (event) => {
    const key = /** @type {KeyboardEvent} */ (event);
    const move = moveOf(key, playback, toggle);
    if (move === null) return;
    key.preventDefault();
    act(move);
  });
  return {
    root,
    setAxis: scrubber.setAxis,
    update(text) {
      scrubber.update(playback.t, text);
      setText(play, playback.isPlaying ? "Pause" : "Play");
      setAttribute(play, "aria-label", playback.isPlaying ? "Pause (space)" : "Play (space)");
      setAttribute(play, "title", playback.isPlaying ? "Pause (space)" : "Play (space)");
      setAttribute(root, "data-playing", playback.isPlaying ? "" : null);
    },
    stop() {
      playback.pause();
    },
    focus() {
      play.focus();
    },
  };
}

/**
 * What a key does; null: it is not ours, or its element's own.
 * @param {KeyboardEvent} key
 * @param {Playback} playback
 * @param {() => void} toggle
 */
function moveOf(key, playback, toggle) {
  const target = /** @type {HTMLElement} */ (key.target);
  if (key.altKey || key.ctrlKey || key.metaKey || target.tagName === "SELECT") return null;
  if (key.key === " ") return target.tagName === "BUTTON" || target.tagName === "SUMMARY" ? null : toggle;
  switch (key.key) {
    case "ArrowLeft":
      return () => playback.stepBack();
    case "ArrowRight":
      return () => playback.stepForward();
    case "Home":
      return () => playback.first();
    case "End":
      return () => playback.last();
    default:
      return null;
  }
}

/**
 * Calls `tick` with the time that has passed since the last call, for as long as it says so: for each frame, or where motion is
 * not wanted, for each step.
 * @param {(elapsedMs: number, isReduced: boolean) => boolean} tick
 */
function frameClock(tick) {
  const reduced = matchMedia("(prefers-reduced-motion: reduce)");
  let last = 0;
  let isRunning = false;
  /** @param {number} now */
  const onFrame = (now) => {
    const elapsed = now - last;
    const isDue = !reduced.matches || elapsed >= STEP_SHOWN_MS;
    if (isDue) last = now;
    isRunning = !isDue || tick(Math.min(elapsed, FRAME_MS_MAX), reduced.matches);
    if (isRunning) requestAnimationFrame(onFrame);
  };
  return {
    start() {
      if (isRunning) return;
      isRunning = true;
      last = performance.now();
      requestAnimationFrame(onFrame);
    },
  };
}

/**
 * @param {string} className
 * @param {string} text
 * @param {string} label
 * @param {() => void} onClick
 */
export function button(className, text, label, onClick) {
  const made = element("button", className, text);
  made.type = "button";
  made.title = label;
  made.setAttribute("aria-label", label);
  made.addEventListener("click", onClick);
  return made;
}

/**
 * @param {number} speed
 * @param {(nanosecondsPerMs: number) => void} onChoice
 */
function speedChoice(speed, onChoice) {
  const choice = element("select", "");
  SPEEDS.forEach(({ name }, i) => choice.append(new Option(name, String(i), i === speed, i === speed)));
  const choose = () => onChoice(SPEEDS[Number(choice.value)]?.nanosecondsPerMs ?? 1000);
  choice.addEventListener("change", choose);
  choose();
  return element("label", "transport-speed", "Speed ", choice);
}

/**
 * A slider over the whole window, above it how much happens when.
 * @param {(t: number) => void} onSeek
 */
function mountScrubber(onSeek) {
  const range = element("input", "");
  range.type = "range";
  range.min = "0";
  range.max = String(RANGE_MAX);
  range.step = "1";
  range.setAttribute("aria-label", "Moment");
  const bins = Array.from({ length: BINS }, () => element("span", "bin"));
  const cuts = element("div", "cuts");
  const strip = element("div", "strip", ...bins, cuts);
  strip.setAttribute("aria-hidden", "true");
  strip.title = "How much happens when. At a dotted line a quiet stretch is cut short";
  /** @type {Axis | null} */
  let axis = null;
  range.addEventListener("input", () => {
    if (axis) onSeek(axis.moment(Number(range.value) / RANGE_MAX));
  });
  return {
    root: element("div", "scrubber", strip, range),
    /**
     * @param {Axis} made
     * @param {number[]} moments
     */
    setAxis(made, moments) {
      axis = made;
      drawBins(bins, moments.map(made.place));
      cuts.replaceChildren(...made.cuts.map((place) => at(element("span", "cut"), place)));
    },
    /**
     * @param {number} t
     * @param {string} text
     */
    update(t, text) {
      const value = String(Math.round((axis?.place(t) ?? 0) * RANGE_MAX));
      if (range.value !== value) range.value = value;
      setAttribute(range, "aria-valuetext", text);
    },
  };
}

/**
 * @param {HTMLElement[]} bins
 * @param {number[]} places
 */
function drawBins(bins, places) {
  const counts = bins.map(() => 0);
  for (const place of places) counts[Math.min(bins.length - 1, Math.floor(place * bins.length))] += 1;
  const most = Math.max(1, ...counts);
  // The root lets a bin with one step be seen beside one with a thousand.
  bins.forEach((bin, i) => setProperty(bin, "--height", Math.sqrt(counts[i] / most).toFixed(3)));
}

/**
 * @param {HTMLElement} node
 * @param {number} place
 */
function at(node, place) {
  setProperty(node, "--place", place.toFixed(4));
  return node;
}
