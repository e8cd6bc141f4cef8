// The kernel's queue of each address: its depth, and who is known to wait in it, one slot each.
import { element, itemPool, setAttribute, setText } from "../dom.js";
import { count, port } from "../figures.js";
import { connectionName, gauge, makeFigure, markFollowed, part } from "./part.js";

/** @typedef {import("../scene.js").Waiting} Waiting */

// So many slots are drawn, empty or not, so that the picture keeps its size.
const SLOTS = 18;

const STATES = { may_wait: "may wait", waits: "waits", moving: "moving", moved: "moved" };

/** @returns {import("../picture.js").Part} */
export function listenQueuePart() {
  const view = part("listen-queue", "kernel", "Listen queue",
    "Clients whose TCP handshake is done and whom nobody has accepted yet. The kernel keeps them, as many as the backlog");
  const queues = itemPool(view.body, oneQueue);
  return {
    root: view.root,
    draw(scene) {
      const items = queues.show(scene.listenQueues.length);
      scene.listenQueues.forEach((queue, i) => items[i]?.draw(queue, scene.focus));
    },
  };
}

function oneQueue() {
  const address = makeFigure("of", "The address that is listened at", "listen-address");
  const depth = makeFigure("waiting", "Who waits in the kernel now", "listen-depth");
  const limit = makeFigure("backlog", "How many the kernel lets wait", "listen-limit");
  const drops = makeFigure("dropped", "Handshakes that the kernel dropped because the queue was full", "listen-drops");
  const fill = gauge("Listen queue");
  const list = element("ol", "slots");
  const slots = itemPool(list, oneSlot);
  const more = element("p", "more");
  const root = element("div", "one-queue",
    element("dl", "figures", depth.root, limit.root, drops.root, address.root), fill.root, list, more);
  return {
    root,
    /**
     * @param {import("../scene.js").ListenQueue} queue
     * @param {number | null} focus
     */
    draw(queue, focus) {
      address.set(queue.address);
      depth.set(count(queue.depth));
      limit.set(count(queue.limit));
      drops.set(count(queue.drops));
      fill.set(queue.depth, queue.limit, `${queue.depth} of ${queue.limit}`);
      slots.show(SLOTS).forEach((slot, i) => slot.draw(queue.waiting[i], focus));
      const known = Math.min(SLOTS, queue.waiting.filter((client) => client.state !== "moved").length);
      setText(more, queue.depth > known ? `and ${count(queue.depth - known)} more` : "");
    },
  };
}

function oneSlot() {
  const name = element("span", "slot-name");
  const state = element("span", "slot-state");
  const root = element("li", "slot", name, state);
  return {
    root,
    /**
     * @param {Waiting | undefined} client
     * @param {number | null} focus
     */
    draw(client, focus) {
      setAttribute(root, "data-state", client?.state ?? "empty");
      markFollowed(root, client?.connection ?? null, focus);
      setAttribute(root, "title", client ? `${client.peer} ${STATES[client.state]}` : null);
      setText(name, client ? port(client.peer) : "");
      setText(state, client ? connectionName(client.connection) || STATES[client.state] : "");
    },
  };
}
