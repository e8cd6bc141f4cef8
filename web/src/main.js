// The live page: the parts of it, and what goes from one to the other.
import "./style.css";

import { sceneFromState } from "./live_scene.js";
import { mountPicture } from "./picture.js";

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
function place(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html has no element #${id}`);
  return found;
}

const picture = mountPicture(place("picture"));
const stream = new EventSource("/api/v1/front-door/stream?rate=4");
stream.addEventListener("state", (event) => picture.draw(sceneFromState(JSON.parse(event.data))));
