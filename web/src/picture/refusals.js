// Who has been answered 503, and why.
import { count } from "../figures.js";
import { part } from "./part.js";

const REASONS = /** @type {[string, string, string][]} */ ([
  ["connections_limit", "too many open", "503 because --max-connections were open"],
  ["queue_limit", "queue full", "503 because our queue had reached its length"],
  ["queue_age", "waited too long", "503 because a connection had waited longer than the target or the deadline"],
  ["descriptors", "no descriptor", "503 because the process or the machine had no descriptor left"],
]);

/** @returns {import("../picture.js").Part} */
export function refusalsPart() {
  const view = part("refusals", "application", "Refused", "Nobody is dropped in silence: who cannot be served is answered 503");
  const figures = REASONS.map(([reason, label, help]) => ({ reason, figure: view.figure(label, help, `refused-${reason}`) }));
  const held = view.figure("held now", "Connections that are being seen off", "refused-held");
  return {
    root: view.root,
    draw({ refusals }) {
      view.show(refusals !== null);
      if (!refusals) return;
      for (const { reason, figure } of figures) figure.set(count(refusals.byReason[reason]));
      held.set(count(refusals.held));
    },
  };
}
