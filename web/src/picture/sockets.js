// The sockets that are ours: number, descriptor, peer, what each is doing, and what its buffers hold.
import { element, itemPool, setAttribute, setText } from "../dom.js";
import { bytes, count, duration, port } from "../figures.js";
import { connectionName, gauge, markFollowed, part } from "./part.js";

const ROWS = 40;

// Each state has a shape besides its colour.
const SHAPES = /** @type {Record<string, string>} */ ({ queued: "◔", serving: "●", parked: "◆", sending: "▲", waiting: "○" });
export const SOCKET_STATE_MEANINGS = /** @type {Record<string, string>} */ ({
  queued: "no worker has taken it yet",
  serving: "a worker has it",
  parked: "waits for its commit, its query or a thread of a pool",
  sending: "waits until its client takes more of a reply",
  waiting: "served before, waits for its client's bytes",
});
const COLUMNS = [
  ["", "Connection"],
  ["fd", "Descriptor"],
  ["port", "The client's port"],
  ["state", "What it is doing"],
  ["age", "Since it was accepted"],
  ["in", "Receive buffer: bytes that we have not read yet"],
  ["out", "Send buffer: bytes that the client has not acknowledged yet"],
];

/** @returns {import("../picture.js").Part} */
export function socketsPart() {
  const view = part("sockets", "kernel", "Active sockets",
    "Accepted connections: the socket and its buffers are the kernel's, the descriptor that points there is ours");
  const open = view.figure("open", "Connections that are open now", "open");
  const limit = view.figure("limit", "Open connections at which further ones are answered 503 (--max-connections)", "open-limit");
  const states = element("ul", "socket-states");
  const stateItems = itemPool(states, oneState);
  const rows = element("tbody", "");
  const items = itemPool(rows, oneRow);
  const table = element("div", "table-scroll", element("table", "", tableHead(), rows));
  table.tabIndex = 0;
  table.setAttribute("role", "region");
  table.setAttribute("aria-label", "Active sockets, lowest number first");
  const more = element("p", "more");
  view.body.append(states, table, more);
  return {
    root: view.root,
    draw({ activeSockets, focus }) {
      open.set(count(activeSockets.open));
      limit.set(count(activeSockets.limit));
      const known = Object.entries(activeSockets.byState);
      stateItems.show(known.length).forEach((item, i) => item.draw(...(known[i] ?? ["", 0])));
      const shown = Math.min(ROWS, activeSockets.sockets.length);
      items.show(shown).forEach((item, i) => {
        const socket = activeSockets.sockets[i];
        if (socket) item.draw(socket, focus);
      });
      setText(more, activeSockets.open > shown ? `and ${count(activeSockets.open - shown)} more` : "");
    },
  };
}

function tableHead() {
  const cells = COLUMNS.map(([name, help]) => {
    const cell = element("th", "", name ?? "");
    cell.scope = "col";
    cell.title = help ?? "";
    return cell;
  });
  return element("thead", "", element("tr", "", ...cells));
}

function oneState() {
  const shape = element("span", "shape");
  const number = element("b", "");
  const name = element("span", "");
  const root = element("li", "", shape, number, name);
  return {
    root,
    /**
     * @param {string} state
     * @param {number} sockets
     */
    draw(state, sockets) {
      setText(shape, SHAPES[state] ?? "·");
      setText(number, count(sockets));
      setText(name, state);
      setAttribute(root, "data-state", state);
      setAttribute(root, "data-none", sockets === 0 ? "" : null);
      setAttribute(root, "title", SOCKET_STATE_MEANINGS[state] ?? null);
    },
  };
}

function oneRow() {
  const name = element("th", "");
  name.scope = "row";
  const fd = element("td", "");
  const peer = element("td", "");
  const shape = element("span", "shape");
  const state = element("span", "");
  const age = element("td", "");
  const receive = gauge("Receive buffer");
  const send = gauge("Send buffer");
  const root = element("tr", "", name, fd, peer, element("td", "", shape, " ", state), age, element("td", "", receive.root),
    element("td", "", send.root));
  return {
    root,
    /**
     * @param {import("../scene.js").Socket} socket
     * @param {number | null} focus
     */
    draw(socket, focus) {
      setText(name, connectionName(socket.connection));
      setText(fd, String(socket.fd));
      setText(peer, port(socket.peer));
      setText(shape, SHAPES[socket.state] ?? "·");
      setText(state, socket.state);
      setText(age, duration(socket.ageMs));
      drawBuffer(receive, socket.receiveBuffer);
      drawBuffer(send, socket.sendBuffer);
      setAttribute(root, "title", `${socket.peer} → ${socket.local}`);
      setAttribute(root, "data-state", socket.state);
      markFollowed(root, socket.connection, focus);
    },
  };
}

/**
 * @param {ReturnType<typeof gauge>} fill
 * @param {{bytes: number, size: number} | null} buffer
 */
function drawBuffer(fill, buffer) {
  fill.root.hidden = buffer === null;
  if (buffer) fill.set(buffer.bytes, buffer.size, `${bytes(buffer.bytes)} of ${bytes(buffer.size)}`);
}
