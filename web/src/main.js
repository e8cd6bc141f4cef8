// The live page: its parts, and what goes from one to the other.
import "./style.css";
import "./frames/player.css";

import { setAttribute, setText } from "./dom.js";
import { mountPlayer } from "./frames/player.js";
import { loadRecent } from "./frames/recent.js";
import { HEADLINE_MEANINGS, mountHeadline } from "./headline.js";
import { meaningsOfPicture, mountLegend } from "./legend.js";
import { sceneFromState } from "./live_scene.js";
import { mountMinutes } from "./minutes/minutes.js";
import { mountPicture } from "./picture.js";
import { SOCKET_STATE_MEANINGS } from "./picture/sockets.js";
import { mountShortcuts } from "./shortcuts.js";
import { mountStages, STAGE_MEANINGS } from "./stages.js";
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

const player = mountPlayer(place("frames"), { picture, load: loadRecent, onShow: () => setReplaying(true) });

mountLegend(place("legend"), () => [
  { title: "In short", meanings: HEADLINE_MEANINGS },
  ...meaningsOfPicture(place("picture")),
  { title: "What a socket is doing", meanings: Object.entries(SOCKET_STATE_MEANINGS) },
  { title: "Where the time goes", meanings: Object.entries(STAGE_MEANINGS) },
]);

let isPaused = false;
// The picture is of a moment that is past, and the player's.
let isReplaying = false;
/** @type {FrontDoorState | null} */
let latest = null;

function drawLatest() {
  if (!latest || isPaused) return;
  headline.draw(latest, minutes.lately("total"));
  stages.draw(latest, minutes.lately);
  if (!isReplaying) picture.draw(sceneFromState(latest));
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

/** @param {boolean} isPast */
function setReplaying(isPast) {
  isReplaying = isPast;
  place("picture").classList.toggle("past", isPast);
}

// The picture stays live until the player has something to show.
function toggleReplay() {
  const frames = place("frames");
  const isOpening = frames.hidden;
  setAttribute(place("replay"), "aria-pressed", String(isOpening));
  if (isOpening) {
    frames.hidden = false;
    return void player.open();
  }
  if (frames.contains(document.activeElement)) place("replay").focus();
  frames.hidden = true;
  player.close();
  setReplaying(false);
  if (latest) picture.draw(sceneFromState(latest));
}

/** @param {string} value */
function chooseRate(value) {
  rate.value = value;
  stream.setRate(Number(value));
}

/**
 * The number of a frame where frames are shown, else of a rate.
 * @param {string} digit
 * @param {string} value
 */
function pressDigit(digit, value) {
  if (place("frames").hidden) chooseRate(value);
  else player.pressFrame(digit);
}

onTheme(minutes.redraw);
place("pause").addEventListener("click", togglePause);
place("replay").addEventListener("click", toggleReplay);
rate.addEventListener("change", () => chooseRate(rate.value));
mountShortcuts({
  p: togglePause,
  f: toggleReplay,
  t: () => place("theme").click(),
  ...Object.fromEntries([...rate.options].map(({ value }, i) => [String(i + 1), () => pressDigit(String(i + 1), value)])),
});
// Nobody looks: the stream is another's to have.
document.addEventListener("visibilitychange", () => stream.setActive(!document.hidden));
stream.setActive(!document.hidden);
