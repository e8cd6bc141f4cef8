// The front door as a picture: the seed's frames, with whatever scene it is given. On a wide screen the kernel's space is on the
// left and ours on the right; on a narrow one a connection's way goes from top to bottom.
import { element } from "./dom.js";
import { acceptLoopPart } from "./picture/accept_loop.js";
import { connectionQueuePart } from "./picture/connection_queue.js";
import { listenQueuePart } from "./picture/listen_queue.js";
import { refusalsPart } from "./picture/refusals.js";
import { socketsPart } from "./picture/sockets.js";
import { heavyPoolPart, workersPart } from "./picture/threads.js";

/** @typedef {import("./scene.js").Scene} Scene */
/** @typedef {{root: HTMLElement, draw: (scene: Scene) => void}} Part */

/**
 * @param {HTMLElement} root
 * @returns {{draw: (scene: Scene) => void}}
 */
export function mountPicture(root) {
  /** @type {Part[]} */
  const parts = [
    listenQueuePart(),
    acceptLoopPart(),
    connectionQueuePart(),
    workersPart(),
    heavyPoolPart(),
    refusalsPart(),
    socketsPart(),
  ];
  root.classList.add("picture");
  root.append(ground("kernel", "Kernel space"), ground("application", "Application space"));
  root.append(...parts.map((part) => part.root));
  return {
    draw(scene) {
      for (const part of parts) part.draw(scene);
    },
  };
}

/**
 * What the parts of one space stand on.
 * @param {string} space
 * @param {string} name
 */
function ground(space, name) {
  return element("div", `ground ${space}`, element("p", "ground-name", name));
}
