// Text is only ever set as text: no source has a way to turn it into markup, or into code.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const FORBIDDEN = /innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|\beval\(|new Function/;
const here = dirname(fileURLToPath(import.meta.url));

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    return path.endsWith(".js") && !path.endsWith(".test.js") ? [path] : [];
  });
}

test("no source sets markup", () => {
  const all = sources(here);
  assert.ok(all.length > 10);
  for (const path of all) assert.doesNotMatch(readFileSync(path, "utf8"), FORBIDDEN, path);
});
