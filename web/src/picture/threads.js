// Who works: the workers, and the threads that read large bodies.
import { element, itemPool, setAttribute, setText } from "../dom.js";
import { count, duration } from "../figures.js";
import { connectionName, markFollowed, part } from "./part.js";

/** @returns {import("../picture.js").Part} */
export function workersPart() {
  const view = part("workers", "application", "Workers", "Threads that read requests and answer them");
  const busy = view.figure("busy", "Workers that have a connection now, of all", "workers-busy");
  const served = view.figure("requests", "Requests that all workers have answered since the start", "served");
  const list = element("ol", "threads");
  const tiles = itemPool(list, () => threadTile("serves"));
  view.body.append(list);
  return {
    root: view.root,
    draw({ workers, focus }) {
      busy.set(`${workers.filter((worker) => worker.connection !== null).length} of ${workers.length}`);
      served.set(count(totalServed(workers)));
      tiles.show(workers.length).forEach((tile, i) => {
        const worker = workers[i];
        if (worker) tile.draw(worker.worker, worker.connection, worker.sinceMs, focus);
      });
    },
  };
}

/**
 * Unknown where one of them is.
 * @param {import("../scene.js").Worker[]} workers
 */
function totalServed(workers) {
  let total = 0;
  for (const { served } of workers) {
    if (served === null) return null;
    total += served;
  }
  return total;
}

/** @returns {import("../picture.js").Part} */
export function heavyPoolPart() {
  const view = part("heavy-pool", "application", "Heavy pool",
    "Threads of low priority that read large bodies, so that no small request waits behind one");
  const queued = view.figure("bodies waiting", "Large bodies that no thread has taken yet, and the limit", "heavy-queue");
  const list = element("ol", "threads");
  const tiles = itemPool(list, () => threadTile("reads"));
  view.body.append(list);
  return {
    root: view.root,
    draw({ heavyPool, focus }) {
      view.show(heavyPool !== null);
      if (!heavyPool) return;
      queued.set(`${count(heavyPool.queueLength)} of ${count(heavyPool.queueLimit)}`);
      tiles.show(heavyPool.threads.length).forEach((tile, i) => {
        const thread = heavyPool.threads[i];
        if (thread) tile.draw(thread.thread, thread.connection, thread.sinceMs, focus);
      });
    },
  };
}

/** @param {string} verb what one that is not idle does */
function threadTile(verb) {
  const number = element("span", "thread-number");
  const what = element("b", "thread-what");
  const since = element("span", "thread-since");
  const root = element("li", "thread", number, what, since);
  return {
    root,
    /**
     * @param {number} thread
     * @param {number | null} connection
     * @param {number | null} sinceMs
     * @param {number | null} focus
     */
    draw(thread, connection, sinceMs, focus) {
      setText(number, String(thread));
      setText(what, connection === null ? "idle" : connectionName(connection));
      setText(since, sinceMs === null ? "" : duration(sinceMs));
      setAttribute(root, "data-state", connection === null ? "idle" : "busy");
      setAttribute(root, "title", connection === null ? null : `${verb} ${connectionName(connection)}`);
      markFollowed(root, connection, focus);
    },
  };
}
