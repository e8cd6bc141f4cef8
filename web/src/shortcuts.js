// Keys that do something wherever the focus is, but where one writes or chooses, and not with another key held. A key that
// is held acts once.

/** @param {Record<string, () => void>} actions by key */
export function mountShortcuts(actions) {
  document.addEventListener("keydown", (event) => {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return;
    const action = actions[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action();
  });
}

/** @param {EventTarget | null} target */
function isWriting(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, select, textarea"));
}
