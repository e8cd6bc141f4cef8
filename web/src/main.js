// The live page: its parts, and what goes from one to the other.
import "./style.css";

import { setAttribute, setText } from "./dom.js";
import { mountHeadline } from "./headline.js";
import { sceneFromState } from "./live_scene.js";
import { mountMinutes } from "./minutes/minutes.js";
import { mountPicture } from "./picture.js";
import { mountShortcuts } from "./shortcuts.js";
import { mountStages } from "./stages.js";
import { openStateStream } from "./state_stream.js";
import { mountStatusLine } from "./status_line.js";
import { mountTheme } from "./theme.js";

/** @typedef {import("./front_door_state.js").FrontDoorState} FrontDoorState */

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
function place(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html has no element #${id}`);
  return found;
}

const onTheme = mountTheme(place("theme"), place("theme-label"));
const picture = mountPicture(place("picture"));
const headline = mountHeadline(place("headline"));
const stages = mountStages(place("stages"));
const minutes = mountMinutes(place("graphs"));
const statusLine = mountStatusLine({ root: place("status"), text: place("status-text"), since: place("status-since") });
const rate = /** @type {HTMLSelectElement} */ (place("rate"));

let isPaused = false;
/** @type {FrontDoorState | null} */
let latest = null;

function drawLatest() {
  if (!latest || isPaused) return;
  headline.draw(latest);
  stages.draw(latest);
  picture.draw(sceneFromState(latest));
}

const stream = openStateStream({
  rate: Number(rate.value),
  onState(state) {
    latest = state;
    minutes.take(state);
    drawLatest();
  },
  onStatus(status) {
    statusLine.set(status);
    if (status.kind === "live") minutes.recallAll();
  },
});

function togglePause() {
  isPaused = !isPaused;
  setAttribute(place("pause"), "aria-pressed", String(isPaused));
  setText(place("pause-label"), isPaused ? "Go on" : "Pause");
  drawLatest();
}

/** @param {string} value */
function chooseRate(value) {
  rate.value = value;
  stream.setRate(Number(value));
}

onTheme(minutes.redraw);
place("pause").addEventListener("click", togglePause);
rate.addEventListener("change", () => chooseRate(rate.value));
mountShortcuts({
  p: togglePause,
  t: () => place("theme").click(),
  ...Object.fromEntries([...rate.options].map(({ value }, i) => [String(i + 1), () => chooseRate(value)])),
});
// Nobody looks: the stream is another's to have.
document.addEventListener("visibilitychange", () => stream.setActive(!document.hidden));
