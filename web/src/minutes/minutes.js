// The last five minutes as graphs: what the server recorded before the page was opened, and what has come since.
import { element } from "../dom.js";
import { mountGraph } from "../graphs.js";
import { makeLiveRows } from "./live_rows.js";
import { latencyColumns, readRecorded, readRecordedLatencies, STAGES } from "./recorded.js";
import { makeTimeline } from "./timeline.js";

/** @typedef {import("../front_door_state.js").FrontDoorState} FrontDoorState */

const SPAN_S = 300;
const LATENCIES_EVERY_MS = 5000;
// Reaches back over a recording that came late.
const LATENCIES_SPAN_S = 30;

/** @type {{title: string, unit: string, isLog?: boolean, lines: {column: string, name: string, color: string}[]}[]} */
const GRAPHS = [
  {
    title: "Drained, and answered",
    unit: "/ s",
    lines: [
      { column: "connections", name: "connections", color: "--accept" },
      { column: "requests", name: "requests", color: "--workers" },
    ],
  },
  { title: "Waiting in the kernel", unit: "", lines: [{ column: "depth", name: "listen queue", color: "--kernel" }] },
  { title: "Waiting for a worker", unit: "", lines: [{ column: "length", name: "connection queue", color: "--accept" }] },
  { title: "Age of the first in our queue", unit: "ms", lines: [{ column: "ageMs", name: "age", color: "--accept" }] },
  {
    title: "Latency of the stages",
    unit: "ms",
    isLog: true,
    lines: [
      { column: "total:p50", name: "total p50", color: "--workers" },
      { column: "total:p99", name: "total p99", color: "--workers" },
      { column: "queue:p99", name: "queue p99", color: "--accept" },
      { column: "commit:p99", name: "commit p99", color: "--heavy" },
    ],
  },
  {
    title: "Refused",
    unit: "/ s",
    lines: [
      { column: "refused:queue_age", name: "waited too long", color: "--refused" },
      { column: "refused:queue_limit", name: "queue full", color: "--kernel" },
      { column: "refused:connections_limit", name: "too many open", color: "--heavy" },
      { column: "refused:descriptors", name: "no descriptor", color: "--accept" },
    ],
  },
];

/** @param {HTMLElement} root */
export function mountMinutes(root) {
  const drawn = GRAPHS.flatMap(({ lines }) => lines.map(({ column }) => column));
  const timeline = makeTimeline([...new Set([...drawn, ...STAGES.flatMap(latencyColumns)])], SPAN_S);
  const list = element("div", "graph-list");
  root.append(element("h2", "", "The last five minutes"), list);
  const graphs = GRAPHS.map(({ title, unit, isLog, lines }) => {
    const place = element("figure", "");
    list.append(place);
    const graph = mountGraph(place, { title, unit, isLog, series: lines, windowSeconds: SPAN_S });
    return { graph, columns: lines.map(({ column }) => column) };
  });

  const draw = () => graphs.forEach(({ graph, columns }) => graph.set(timeline.data(columns)));
  const takeLive = makeLiveRows((timeS, values) => {
    timeline.addNow(timeS, values);
    if (!document.hidden) draw();
  });
  /** @param {(add: typeof timeline.add) => Promise<void>} read */
  const recall = async (read) => {
    try {
      await read(timeline.add);
      draw();
    } catch (error) {
      // The graphs go on with what comes by the stream; the status line says what is the matter with the server.
      console.info("nothing recorded could be read:", error);
    }
  };
  setInterval(() => {
    if (!document.hidden) recall((add) => readRecordedLatencies(LATENCIES_SPAN_S, add));
  }, LATENCIES_EVERY_MS);

  return {
    /** @param {FrontDoorState} state */
    take: takeLive,
    /** Reads what was recorded while nothing came. */
    recallAll: () => recall((add) => readRecorded(SPAN_S, add)),
    redraw: draw,
    /**
     * How long a stage took, of the requests that were last recorded.
     * @param {string} stage
     * @returns {{p50Ms: number, p99Ms: number} | null} null: none was in half a minute
     */
    lately(stage) {
      const [p50Ms = null, p99Ms = null] = latencyColumns(stage).map((column) => timeline.newest(column, LATENCIES_SPAN_S));
      return p50Ms === null || p99Ms === null ? null : { p50Ms, p99Ms };
    },
  };
}
