// Our queue: accepted, and not yet taken by a worker.
import { element, itemPool, setAttribute, setText } from "../dom.js";
import { count, duration } from "../figures.js";
import { connectionName, gauge, markFollowed, part } from "./part.js";

const ENTRIES = 24;

/** @returns {import("../picture.js").Part} */
export function connectionQueuePart() {
  const view = part("connection-queue", "application", "Connection queue",
    "Connections that are ours and that no worker has taken yet: bounded in length and in age");
  const length = view.figure("waiting", "Connections that no worker has taken yet", "queue-length");
  const limit = view.figure("limit", "Beyond this length a connection is answered 503 (--connection-queue)", "queue-limit");
  const age = view.figure("oldest", "How long the first of them has waited", "queue-age");
  const target = view.figure("target", "Overload begins when even the luckiest waits longer (--queue-target)", "queue-target");
  const deadline = view.figure("deadline", "Who waits longer is answered 503 (--queue-deadline)", "queue-deadline");
  const fill = gauge("Connection queue");
  const list = element("ol", "entries");
  const entries = itemPool(list, oneEntry);
  const more = element("p", "more");
  view.body.append(fill.root, list, more);
  return {
    root: view.root,
    draw(scene) {
      const queue = scene.connectionQueue;
      view.show(queue !== null);
      if (!queue) return;
      view.setBadge(queue.isOverloaded ? "overloaded" : null);
      setAttribute(view.root, "data-state", queue.isOverloaded ? "overloaded" : null);
      length.set(count(queue.length));
      limit.set(count(queue.limit));
      age.set(duration(queue.oldestAgeMs));
      target.set(duration(queue.targetMs));
      deadline.set(duration(queue.deadlineMs));
      fill.set(queue.length, queue.limit, `${queue.length} of ${queue.limit}`);
      const shown = Math.min(ENTRIES, queue.entries.length);
      entries.show(shown).forEach((item, i) => {
        const entry = queue.entries[i];
        if (entry) item.draw(entry, scene.focus);
      });
      setText(more, queue.length > shown ? `the first of ${count(queue.length)}` : queue.length === 0 ? "nobody waits" : "");
    },
  };
}

function oneEntry() {
  const name = element("b", "");
  const rest = element("span", "");
  const root = element("li", "entry", name, rest);
  return {
    root,
    /**
     * @param {{connection: number, fd: number, peer: string, ageMs: number}} entry
     * @param {number | null} focus
     */
    draw(entry, focus) {
      setText(name, connectionName(entry.connection));
      setText(rest, `fd ${entry.fd}`);
      setAttribute(root, "title", `${entry.peer}, ${duration(entry.ageMs)}`);
      markFollowed(root, entry.connection, focus);
    },
  };
}
