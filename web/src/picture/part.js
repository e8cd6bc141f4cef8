// What the parts of the picture are made of.
import { element, setAttribute, setProperty, setText } from "../dom.js";
import { UNKNOWN } from "../figures.js";

/**
 * A part with a title, the figures that stand beside it, and a body.
 * @param {string} name of its class, and of its place in the grid
 * @param {"kernel" | "application"} space
 * @param {string} title
 * @param {string} help what it is, as a tooltip
 */
export function part(name, space, title, help) {
  const heading = element("h3", "part-title", title);
  heading.title = help;
  const badge = element("span", "badge");
  badge.hidden = true;
  const figures = element("dl", "figures");
  const body = element("div", "part-body");
  const head = element("div", "part-head", heading, badge);
  const root = element("section", `part ${name} in-${space}`, head, figures, body);
  root.setAttribute("aria-label", title);
  return {
    root,
    body,
    /**
     * @param {string} label
     * @param {string} tooltip
     * @param {string} [key] how tests and scripts find it: data-figure
     */
    figure(label, tooltip, key) {
      const figure = makeFigure(label, tooltip, key);
      figures.append(figure.root);
      return figure;
    },
    /** @param {string | null} text */
    setBadge(text) {
      badge.hidden = text === null;
      setText(badge, text ?? "");
    },
    /** @param {boolean} isPresent */
    show(isPresent) {
      if (root.hidden === isPresent) root.hidden = !isPresent;
    },
  };
}

/**
 * A number with its name.
 * @param {string} label
 * @param {string} help
 * @param {string} [key]
 */
export function makeFigure(label, help, key) {
  const value = element("dd", "figure-value");
  if (key) value.dataset.figure = key;
  const root = element("div", "figure", element("dt", "figure-label", label), value);
  root.title = help;
  return {
    root,
    /** @param {string} text */
    set(text) {
      setText(value, text);
      setAttribute(root, "data-unknown", text === UNKNOWN ? "" : null);
    },
  };
}

/**
 * How full something is.
 * @param {string} label
 */
export function gauge(label) {
  const root = element("div", "gauge", element("div", "gauge-fill"));
  root.setAttribute("role", "meter");
  root.setAttribute("aria-label", label);
  root.setAttribute("aria-valuemin", "0");
  return {
    root,
    /**
     * @param {number} value
     * @param {number} limit
     * @param {string} text the same in words
     */
    set(value, limit, text) {
      const share = limit > 0 ? Math.min(1, Math.max(0, value / limit)) : 0;
      setProperty(root, "--fill", share.toFixed(4));
      setAttribute(root, "data-any", value > 0 ? "" : null);
      setAttribute(root, "aria-valuemax", String(limit));
      setAttribute(root, "aria-valuenow", String(value));
      setAttribute(root, "aria-valuetext", text);
    },
  };
}

/**
 * A connection's name; empty where it has none yet.
 * @param {number | null} connection
 */
export function connectionName(connection) {
  return connection === null ? "" : `C${connection}`;
}

/**
 * Marks what shows the connection that is followed.
 * @param {Element} node
 * @param {number | null} connection
 * @param {number | null} focus
 */
export function markFollowed(node, connection, focus) {
  setAttribute(node, "data-followed", connection !== null && connection === focus ? "" : null);
}
