// Builds the page: node build.mjs [FOLDER [ASSETS_CC EXPERIMENT_CC]]
//
// FOLDER (build/web at the root where none is given) gets the files that a browser loads. ASSETS_CC is the same as a table in
// C++, each file also gzipped: what src/web/assets.h declares, and the server serves without a file system.
// EXPERIMENT_CC is the file that `metricstream drain --html` fills with its data, and that needs nothing beside itself: what
// src/web/experiment_page.h declares.
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

const web = dirname(fileURLToPath(import.meta.url));

// What is bundled, and what is taken as it is. A name is the one that the server knows it by.
const ENTRIES = { app: "src/main.js" };
const FILES = ["index.html", "icon.svg"];

const CONTENT_TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** @returns {Promise<Map<string, Buffer>>} what esbuild makes of the entries, by name */
async function bundle(entryPoints) {
  const built = await build({
    absWorkingDir: web,
    entryPoints,
    outdir: "out",
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    legalComments: "none",
    charset: "utf8",
    write: false,
    logLevel: "warning",
  });
  return new Map(built.outputFiles.map((file) => [file.path.slice(join(web, "out").length + 1), Buffer.from(file.contents)]));
}

/** @returns {Promise<Map<string, Buffer>>} the files of the page by name */
async function buildPage() {
  const files = await bundle(ENTRIES);
  for (const name of FILES) files.set(name, await readFile(join(web, name)));
  return files;
}

/** @returns {Promise<[Buffer, Buffer]>} the file of the experiment, before its data and after it */
async function buildExperiment() {
  const files = await bundle({ experiment: "src/experiment/main.js" });
  const script = files.get("experiment.js").toString();
  const style = files.get("experiment.css").toString();
  if (script.includes("</script") || style.includes("</style")) throw new Error("the experiment ends its own element");
  const parts = {
    policy: `default-src 'none'; script-src ${hashSource(script)}; style-src ${hashSource(style)}; require-trusted-types-for 'script'; trusted-types 'none'`,
    script,
    style,
  };
  const template = await readFile(join(web, "src/experiment/experiment.html"), "utf8");
  const page = template.replace(/\{\{(policy|script|style)\}\}/g, (_, name) => parts[name]);
  const [before, after] = page.split("{{data}}");
  return [Buffer.from(before), Buffer.from(after)];
}

// What the content security policy knows an inline script or style by.
function hashSource(text) {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

// A string literal: it compiles in a tenth of the time that an array of numbers takes. Octal escapes end after three digits.
function literal(bytes) {
  const lines = [];
  for (let begin = 0; begin < bytes.length; begin += 64) {
    let line = "";
    for (const byte of bytes.subarray(begin, begin + 64)) line += "\\" + byte.toString(8).padStart(3, "0");
    lines.push(`"${line}"`);
  }
  return `std::string_view(\n${lines.join("\n") || '""'}, ${bytes.length})`;
}

function table(files) {
  const rows = [...files].map(([name, bytes]) => {
    const tag = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
    const type = CONTENT_TYPES[extname(name)];
    return `{"${name}", "${type}", "${tag}",\n${literal(bytes)},\n${literal(gzipSync(bytes, { level: 9 }))}},\n`;
  });
  return `// Written by web/build.mjs.
#include "web/assets.h"

namespace ms::web {
namespace {

constexpr Asset kAssets[] = {
${rows.join("")}};

}  // namespace

std::span<const Asset> assets() { return kAssets; }

}  // namespace ms::web
`;
}

function experimentSource(before, after) {
  return `// Written by web/build.mjs.
#include "web/experiment_page.h"

namespace ms::web {

ExperimentPage experiment_page() {
  return {${literal(before)},
${literal(after)}};
}

}  // namespace ms::web
`;
}

async function write(path, content) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

const folder = process.argv[2] ?? join(web, "../build/web");
const files = await buildPage();
for (const [name, bytes] of files) await write(join(folder, name), bytes);
if (process.argv[3]) await write(process.argv[3], table(files));
if (process.argv[4]) await write(process.argv[4], experimentSource(...(await buildExperiment())));
