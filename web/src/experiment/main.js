// The file of the experiment: the same clients against both architectures, on one clock.
import "../style.css";
import "../frames/player.css";
import "./experiment.css";

import { element, setText } from "../dom.js";
import { makeAxis } from "../frames/axis.js";
import { Playback } from "../frames/playback.js";
import { mountTransport } from "../frames/transport.js";
import { clock } from "../frames/words.js";
import { mountTheme } from "../theme.js";
import { mountRun } from "./run_view.js";

/** @import {Figures} from "./figures_table.js" */
/** @import {Bounds, RunData} from "./run.js" */

/** @typedef {{description: string, figures: {settings: Bounds} & Record<string, Figures>, runs: RunData[]}} Experiment */

const BOTH = "both";
// 1 s shows 100 ms: the run takes a minute.
const SPEED = 4;

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
function place(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the file has no element #${id}`);
  return found;
}

/** @type {Experiment} */
const experiment = JSON.parse(place("experiment").textContent ?? "");
const onTheme = mountTheme(place("theme"), place("theme-label"));
const { settings, ...figures } = experiment.figures;
setText(place("description"), experiment.description);

const span = Math.max(...experiment.runs.map((run) => run.span_ns));
const runs = experiment.runs.map((run) => ({ ...mountRun(run, /** @type {Figures} */ (figures[run.architecture]), settings, span), run }));
const playback = new Playback();
const now = element("p", "now");
const transport = mountTransport(playback, { speed: SPEED, keysOn: document, onChange: draw });
const stepped = element("select", "", new Option("both", BOTH), ...runs.map(({ run }) => new Option(run.architecture, run.architecture)));

place("controls").append(transport.root, element("label", "stepped", "Steps of ", stepped), now);
place("runs").append(...runs.map(({ root }) => root));
for (const { attach } of runs) attach();
stepped.addEventListener("change", chooseSteps);

function chooseSteps() {
  const chosen = runs.filter(({ run }) => stepped.value === BOTH || run.architecture === stepped.value);
  const moments = chosen.flatMap((run) => run.moments).sort((a, b) => a - b);
  playback.setSteps(moments, span);
  transport.setAxis(makeAxis(moments, span), moments);
  draw();
}

function draw() {
  for (const run of runs) run.draw(playback.t);
  setText(now, clock(playback.t));
  transport.update(clock(playback.t));
}

onTheme(() => {
  for (const run of runs) run.redraw();
});
chooseSteps();
