// The player: recent real connections, frame by frame. It is given a picture to draw into, and a way to load what there is.

import { element, setAttribute, setText } from "../dom.js";
import { count, duration, port } from "../figures.js";
import { makeAxis } from "./axis.js";
import { findFrames } from "./frame_moments.js";
import { mountLife } from "./life.js";
import { Playback } from "./playback.js";
import { recentHistory } from "./recent.js";
import { sceneAt } from "./scene_at.js";
import { listSteps, stepsOf } from "./steps.js";
import { button, mountTransport } from "./transport.js";
import { clock, describe, name } from "./words.js";

/** @import {Scene} from "../scene.js" */
/** @import {FrontDoorState} from "../front_door_state.js" */
/** @import {FrameMoment} from "./frame_moments.js" */
/** @import {Passage} from "./passage.js" */
/** @import {RecentConnections} from "./recent.js" */
/** @import {History} from "./scene_at.js" */
/** @import {Step} from "./steps.js" */

const ALL = "all";
// 1 s shows 1 ms.
const SPEED = 2;

/**
 * @typedef {object} Player
 * @property {() => Promise<void>} open loads, and draws the first moment; where that fails it says so, and draws nothing
 * @property {(number: string) => void} pressFrame as the button "1" to "4" does; nothing where the window has no such frame
 * @property {() => void} close draws no more
 */

/**
 * @param {HTMLElement} root
 * @param {{picture: {draw: (scene: Scene) => void}, load: () => Promise<{state: FrontDoorState, recent: RecentConnections}>,
 *   onShow: () => void}} options `onShow`: from now on the picture is the player's
 * @returns {Player}
 */
export function mountPlayer(root, { picture, load, onShow }) {
  const playback = new Playback();
  const transport = mountTransport(playback, { speed: SPEED, keysOn: root, onChange: draw });
  const caption = mountCaption();
  const life = mountLife((step) => goTo(step));
  const follow = element("select", "player-follow");
  follow.addEventListener("change", () => followConnection(follow.value === ALL ? null : Number(follow.value)));
  const frames = element("div", "player-frames");
  frames.setAttribute("role", "group");
  frames.setAttribute("aria-label", "Frames");
  const note = element("p", "player-note");
  note.setAttribute("role", "status");
  const head = element("div", "player-head", element("label", "", "Follow ", follow), frames,
    button("player-load", "Load the latest", "Load the latest connections", () => void open()));
  root.classList.add("player");
  root.append(head, transport.root, element("div", "now-and-bar", caption.root, life.bar), life.root, note);

  /** @type {History | null} */
  let history = null;
  /** @type {Step[]} */
  let all = [];
  /** @type {Step[]} those that are stepped through */
  let steps = [];
  /** @type {number | null} */
  let followed = null;
  let span = 0;
  let isOpen = false;

  async function open() {
    isOpen = true;
    setAttribute(root, "data-state", "loading");
    setText(note, "Loading the latest connections …");
    try {
      const { state, recent } = await load();
      if (!isOpen) return;
      onShow();
      show(state, recent);
      // From here on the keys are the player's.
      if (!root.contains(document.activeElement)) transport.focus();
    } catch (error) {
      if (!isOpen) return;
      setAttribute(root, "data-state", "failed");
      const goesOn = history === null ? "The picture goes on with what is now" : "What is shown stays";
      setText(note, `The latest connections cannot be loaded: ${error instanceof Error ? error.message : error}. ${goesOn}.`);
    }
  }

  /**
   * @param {FrontDoorState} state
   * @param {RecentConnections} recent
   */
  function show(state, recent) {
    ({ history, span } = recentHistory(state, recent));
    all = listSteps(history.passages);
    const moments = all.map(({ at }) => at);
    transport.setAxis(makeAxis(moments, span), moments);
    setText(note, describeWindow(history.passages, recent.newest, span));
    setAttribute(root, "data-state", all.length > 0 ? "ready" : "empty");
    const found = findFrames(history.passages);
    frames.replaceChildren("Frames", ...found.map((frame) => button("", frame.name, frame.title, () => goToFrame(frame))));
    follow.replaceChildren(new Option("all connections", ALL), ...history.passages.map(option));
    const [first] = found;
    if (first && first.connection !== null) return goToFrame(first);
    followConnection(mostTold(history.passages));
    playback.first();
    draw();
  }

  /** @param {number | null} connection null: all */
  function followConnection(connection) {
    followed = connection;
    follow.value = connection === null ? ALL : String(connection);
    const passage = history?.passages.find((one) => one.connection === connection);
    steps = passage ? stepsOf(passage) : all;
    playback.setSteps(steps.map(({ at }) => at), span);
    // To where it is seen: a connection of another time is followed from its begin.
    if (passage && (playback.index < 0 || playback.t > (steps[steps.length - 1]?.at ?? 0))) playback.first();
    draw();
  }

  /** @param {Step} step */
  function goTo(step) {
    playback.goTo(steps.findIndex((one) => one.at === step.at && one.kind === step.kind && one.passage === step.passage));
    draw();
  }

  /** @param {FrameMoment} frame */
  function goToFrame(frame) {
    followConnection(frame.connection);
    playback.pause();
    playback.seek(frame.t);
    draw();
  }

  function draw() {
    if (!isOpen || history === null) return;
    const step = steps[playback.index] ?? null;
    const passage = step?.passage ?? history.passages.find((one) => one.connection === followed) ?? null;
    picture.draw(sceneAt(history, playback.t, followed ?? passage?.connection ?? null));
    const text = caption.draw(step, steps.length, playback);
    transport.update(text);
    life.root.hidden = life.bar.hidden = passage === null;
    if (passage) drawLife(passage, step);
  }

  /**
   * @param {Passage} passage
   * @param {Step | null} step
   */
  function drawLife(passage, step) {
    const own = stepsOf(passage);
    const index = step === null ? -1 : own.findIndex((one) => one.at === step.at && one.kind === step.kind);
    life.draw(passage, own, index, playback.t);
  }

  return {
    open,
    pressFrame(number) {
      [...frames.querySelectorAll("button")].find(({ textContent }) => textContent?.startsWith(number))?.click();
    },
    close() {
      isOpen = false;
      history = null;
      transport.stop();
    },
  };
}

function mountCaption() {
  const title = element("h3", "caption-title");
  const detail = element("p", "caption-detail");
  const when = element("p", "caption-when");
  const root = element("div", "caption", when, title, detail);
  root.setAttribute("aria-live", "polite");
  return {
    root,
    /**
     * @param {Step | null} step
     * @param {number} steps
     * @param {Playback} playback
     * @returns {string} the same in one line
     */
    draw(step, steps, { t, index, isPlaying }) {
      // What passes in slow motion is not read aloud.
      setAttribute(root, "aria-live", isPlaying ? "off" : "polite");
      const said = step === null ? { title: steps > 0 ? "Nothing has happened yet" : "", detail: "" } : describe(step);
      const past = step !== null && t > step.at ? `, ${duration((t - step.at) / 1e6)} ago` : "";
      setText(when, steps === 0 ? "" : `${clock(t)} · step ${index + 1} of ${steps}${past}`);
      setText(title, said.title);
      setText(detail, said.detail);
      return `${clock(t)}: ${said.title}`;
    },
  };
}

/** @param {Passage} passage */
function option(passage) {
  const { connection, peer, turns, acceptBegin } = passage;
  const [first] = turns;
  const last = turns[turns.length - 1];
  const outcome = last?.outcome === "replied" ? String(last.code) : (last?.outcome.replaceAll("_", " ") ?? "");
  const requests = turns.length > 1 ? `, ${count(turns.length)} requests` : "";
  const time = first && last && first.request <= 1 ? ` in ${duration((last.ended - acceptBegin) / 1e6)}` : "";
  return new Option(`${name(passage)} · port ${port(peer)} · ${outcome}${time}${requests}`, String(connection));
}

/**
 * The one of which most is known, without the long stories of those that are kept open.
 * @param {Passage[]} passages
 */
function mostTold(passages) {
  let [best, most] = [/** @type {number | null} */ (null), -1];
  for (const passage of passages) {
    const told = Math.min(stepsOf(passage).length, 9);
    if (told >= most) [best, most] = [passage.connection, told];
  }
  return best;
}

/**
 * @param {Passage[]} passages
 * @param {number} newest
 * @param {number} span
 */
function describeWindow(passages, newest, span) {
  if (passages.length === 0) {
    return "No connection has been answered yet. Send the server something, and load the latest.";
  }
  const [first, last] = [passages[0].connection, passages[passages.length - 1].connection];
  const missing = newest - first + 1 - passages.length;
  const rest = missing > 0 ? ` ${count(missing)} more up to C${newest}: not answered yet, or not remembered any more.` : "";
  const dashed = "In the listen queue a dashed slot may have been taken: of the wait there only bounds are known.";
  return `${count(passages.length)} connections, C${first} to C${last}, in ${duration(span / 1e6)}. Times are since the begin of this window. ${dashed}${rest}`;
}
