// One architecture's side of the experiment: its picture at the moment of the common clock, its graphs up to there, its figures.

import { element, setText } from "../dom.js";
import { count } from "../figures.js";
import { countUpTo } from "../frames/axis.js";
import { sceneAt } from "../frames/scene_at.js";
import { listSteps } from "../frames/steps.js";
import { describe } from "../frames/words.js";
import { mountGraph } from "../graphs.js";
import { mountPicture } from "../picture.js";
import { makeFigure } from "../picture/part.js";
import { figuresTable } from "./figures_table.js";
import { describeDrawn, rateBefore, runHistory, stretchesOver } from "./run.js";

/** @import {Bounds, Curves, RunData} from "./run.js" */
/** @import {Figures} from "./figures_table.js" */

const TITLES = {
  inline: "Old architecture",
  pool: "New architecture",
};

const SENTENCES = {
  inline: "One thread accepts a connection, works on it, and only then accepts the next. Who comes meanwhile waits in the kernel's queue, which fills.",
  pool: "One thread does nothing but accept: it drains the kernel's queue into ours. Workers take from there, in parallel.",
};

// Rates are means over so long: a curve of single connections would be a comb.
const RATE_OVER_NS = 200e6;

/**
 * @param {RunData} run
 * @param {Figures} figures
 * @param {Bounds} bounds
 * @param {number} span of the longest run, which all graphs show
 */
export function mountRun(run, figures, bounds, span) {
  const history = runHistory(run, bounds);
  const steps = listSteps(history.passages);
  const moments = steps.map(({ at }) => at);
  const step = element("p", "run-step");
  const counts = mountCounts(run);
  const pictureRoot = element("div", "past");
  pictureRoot.setAttribute("role", "group");
  pictureRoot.setAttribute("aria-label", `${TITLES[run.architecture]}: the front door`);
  const picture = mountPicture(pictureRoot);
  const graphRoots = element("div", "graph-list");
  const root = element(
    "section",
    "run",
    element("h2", "", `${TITLES[run.architecture]} `, element("code", "", run.architecture)),
    element("p", "run-sentence", SENTENCES[run.architecture]),
    counts.root,
    step,
    pictureRoot,
    graphRoots,
    element("h3", "", "The whole run"),
    figuresTable(run.architecture, figures),
    element("p", "run-drawn", describeDrawn(run)),
  );
  root.id = run.architecture;
  root.setAttribute("aria-label", TITLES[run.architecture]);
  /** @type {ReturnType<typeof mountGraphs> | null} */
  let graphs = null;
  return {
    root,
    moments,
    /** A graph takes its width from the page that it is in. */
    attach() {
      graphs = mountGraphs(graphRoots, run, span);
    },
    /** @param {number} t */
    draw(t) {
      picture.draw(sceneAt(history, Math.min(t, run.span_ns), null));
      const last = steps[countUpTo(moments, t) - 1];
      counts.draw(t);
      setText(step, last ? describe(last).title : "Nothing has happened yet");
      graphs?.draw(t);
    },
    redraw() {
      graphs?.redraw();
    },
  };
}

/**
 * How many there were so far, of all clients.
 * @param {RunData} run
 */
function mountCounts(run) {
  const { curves } = run;
  const kinds = [
    { figure: makeFigure("clients came", "Clients that were due so far", "came"), counts: curves.offered },
    { figure: makeFigure("accepted", "Connections that were drained from the kernel's queue so far"), counts: curves.accepted },
    { figure: makeFigure("answered 200", "Clients that have their answer", "answered"), counts: curves.served },
    { figure: makeFigure("refused 503", "Clients that were told to come again later"), counts: curves.refused },
    { figure: makeFigure("gave up", "Clients that waited in vain"), counts: curves.timed_out },
  ].map(({ figure, counts }) => ({ figure, sums: sums(counts) }));
  return {
    root: element("dl", "figures run-counts", ...kinds.map(({ figure }) => figure.root)),
    /** @param {number} t */
    draw(t) {
      const stretches = stretchesOver(run, t);
      for (const { figure, sums } of kinds) figure.set(count(sums[stretches]));
    },
  };
}

/**
 * The sums of the first 0, 1, 2 … counts.
 * @param {number[]} counts
 */
function sums(counts) {
  let sum = 0;
  return [0, ...counts.map((count) => (sum += count))];
}

/**
 * @param {HTMLElement} root
 * @param {RunData} run
 * @param {number} span
 */
function mountGraphs(root, run, span) {
  const { architecture, curves, listen_limit: limit } = run;
  const times = curves.accepted.map((_, i) => ((i + 1) * curves.stretch_ns) / 1e9);
  if ((times[times.length - 1] ?? 0) < span / 1e9) times.push(span / 1e9);
  /** @type {{title: string, columns: [string, string, number[]][]}[]} */
  const kinds = [
    {
      title: "Connections a second",
      columns: [
        ["come", "--kernel", rates(curves, curves.offered)],
        ["accepted", "--accept", rates(curves, curves.accepted)],
        ["answered 200", "--workers", rates(curves, curves.served)],
        ["refused or gave up", "--refused", rates(curves, curves.refused.map((refused, i) => refused + (curves.timed_out[i] ?? 0)))],
      ],
    },
    { title: `Listen queue: waiting in the kernel, of ${limit}`, columns: [["waiting", "--kernel", curves.listen_depth]] },
  ];
  if (architecture === "pool") kinds.push({ title: "Connection queue: waiting for a worker", columns: [["waiting", "--accept", curves.queue_length]] });
  const graphs = kinds.map(({ title, columns }) => {
    const place = element("div", "");
    root.append(place);
    return { columns, graph: mountGraph(place, { title, unit: "", series: columns.map(([name, color]) => ({ name, color })) }) };
  });
  let drawn = -1;
  const show = () => {
    for (const { columns, graph } of graphs) graph.set([times, ...columns.map(([, , values]) => upTo(values, drawn, times.length))]);
  };
  return {
    /** @param {number} t */
    draw(t) {
      const over = stretchesOver(run, t);
      if (over === drawn) return;
      drawn = over;
      show();
    },
    redraw: show,
  };
}

/**
 * @param {Curves} curves
 * @param {number[]} counts
 */
function rates(curves, counts) {
  return counts.map((_, i) => rateBefore(counts, i, curves.stretch_ns, RATE_OVER_NS));
}

/**
 * The values so far; what comes is not drawn yet.
 * @param {number[]} values
 * @param {number} count
 * @param {number} length
 */
function upTo(values, count, length) {
  return Array.from({ length }, (_, i) => (i < count ? (values[i] ?? null) : null));
}
