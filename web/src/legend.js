// What the figures mean, for who has no pointer to rest on them: the same explanations, in one list below.
import { element } from "./dom.js";

/** @typedef {{title: string, meanings: [string, string][]}} LegendGroup */

/**
 * @param {HTMLElement} root
 * @param {() => LegendGroup[]} collect what there is when it is opened
 */
export function mountLegend(root, collect) {
  const list = element("div", "legend-groups");
  const details = element("details", "", element("summary", "", "What the figures mean"), list);
  details.addEventListener("toggle", () => {
    if (details.open) list.replaceChildren(...collect().map(oneGroup));
  });
  root.append(details);
}

/** @param {LegendGroup} group */
function oneGroup({ title, meanings }) {
  const entries = meanings.map(([name, meaning]) => element("div", "", element("dt", "", name), element("dd", "", meaning)));
  return element("section", "legend-group", element("h3", "", title), element("dl", "", ...entries));
}

/**
 * What the parts of a picture say of themselves and of their figures when the pointer rests there.
 * @param {HTMLElement} picture
 * @returns {LegendGroup[]}
 */
export function meaningsOfPicture(picture) {
  return [...picture.querySelectorAll(".part")].map((part) => {
    const heading = /** @type {HTMLElement} */ (part.querySelector(".part-title"));
    const explained = /** @type {HTMLElement[]} */ ([...part.querySelectorAll(".figure[title], th[title]")]);
    const name = heading.textContent ?? "";
    // Each listener has the same figures.
    const meanings = new Map(explained.map(meaningOf));
    return { title: name, meanings: [[name, heading.title], ...meanings] };
  });
}

/**
 * @param {HTMLElement} node
 * @returns {[string, string]}
 */
function meaningOf(node) {
  const label = node.querySelector(".figure-label") ?? node;
  return [label.textContent || "number", node.title];
}
