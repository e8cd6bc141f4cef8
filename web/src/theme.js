// Dark or light: as the system says, until the button is pressed; then as it was left.
import { setText } from "./dom.js";

const KEY = "metricstream-theme";
const prefersLight = matchMedia("(prefers-color-scheme: light)");

/** @returns {"dark" | "light"} */
function current() {
  const kept = localStorage.getItem(KEY);
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
    localStorage.setItem(KEY, current() === "dark" ? "light" : "dark");
    apply();
  });
  prefersLight.addEventListener("change", apply);
  apply();
  return (redraw) => redraws.push(redraw);
}
