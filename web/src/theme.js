// Dark or light: as the system says, until the button is pressed; then as it was left. A browser that keeps nothing for pages
// (it throws at the mention) has it for as long as the page is open.
import { setText } from "./dom.js";

const KEY = "metricstream-theme";
const prefersLight = matchMedia("(prefers-color-scheme: light)");

/** @type {string | null} */
let kept = read();

function read() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

/** @param {"dark" | "light"} theme */
function keep(theme) {
  kept = theme;
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // It is kept here.
  }
}

/** @returns {"dark" | "light"} */
function current() {
  if (kept === "dark" || kept === "light") return kept;
  return prefersLight.matches ? "light" : "dark";
}

/**
 * @param {HTMLElement} button
 * @param {HTMLElement} label the part of it that names what a press leads to
 * @returns {(redraw: () => void) => void} takes what draws with colours of its own, for each change
 */
export function mountTheme(button, label) {
  /** @type {(() => void)[]} */
  const redraws = [];

  function apply() {
    const theme = current();
    document.documentElement.dataset.theme = theme;
    setText(label, theme === "dark" ? "Light" : "Dark");
    for (const redraw of redraws) redraw();
  }
  button.addEventListener("click", () => {
    keep(current() === "dark" ? "light" : "dark");
    apply();
  });
  prefersLight.addEventListener("change", apply);
  apply();
  return (redraw) => redraws.push(redraw);
}
