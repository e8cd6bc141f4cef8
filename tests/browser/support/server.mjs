// The server as a process, on a data directory of its own; and `metricstream bench` as its clients.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const PROGRAM = process.env.MS_SERVER ?? "build/release/metricstream";
const START_MAX_MS = 60_000;
const POLL_MS = 20;

/**
 * Calls `look` until it answers something; fails with `what` after `max` milliseconds.
 */
export async function until(what, look, max = START_MAX_MS) {
  const end = performance.now() + max;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() > end) throw new Error(`waited ${max} ms in vain until ${what}`);
    await pause(POLL_MS);
  }
}

export class Server {
  #process = null;
  #log = "";

  static async create(...flags) {
    return new Server(await mkdtemp(join(tmpdir(), "metricstream-page-")), flags);
  }

  constructor(folder, flags) {
    this.folder = folder;
    this.flags = flags;
    this.port = 0;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts it, at the second time on the port of the first, and waits until it is ready. */
  async start() {
    this.#log = "";
    const listen = `127.0.0.1:${this.port}`;
    this.#process = spawn(PROGRAM, ["serve", "--data-dir", join(this.folder, "data"), "--listen", listen, ...this.flags], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#process.stderr.on("data", (text) => (this.#log += text));
    await until("the server is ready", async () => {
      if (this.#process.exitCode !== null) throw new Error(`the server ended:\n${this.#log}`);
      this.port = Number(/address=127\.0\.0\.1:(\d+)/.exec(this.#log)?.[1] ?? this.port);
      return this.port !== 0 && (await this.get("/ready").catch(() => null));
    });
  }

  async stop() {
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGTERM");
    await ended;
  }

  /** After SIGSTOP it answers nobody, until it is sent SIGCONT. */
  signal(name) {
    this.#process.kill(name);
  }

  async remove() {
    if (this.#process?.exitCode === null) await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** The JSON of an answer; null where it is no success. */
  async get(path) {
    const answer = await fetch(this.url + path);
    return answer.ok ? answer.json() : null;
  }

  async post(path, body) {
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch(this.url + path, { method: "POST", headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${answer.status} to POST ${path}: ${await answer.text()}`);
  }

  /** Clients that come until the promise's `stop` is called. */
  storm(...flags) {
    const clients = spawn(PROGRAM, ["bench", "storm", this.url, "--duration", "10m", ...flags], { stdio: "ignore" });
    return {
      async stop() {
        if (clients.exitCode !== null) throw new Error(`the storm ended by itself: ${clients.exitCode}`);
        const ended = once(clients, "exit");
        clients.kill("SIGKILL");
        await ended;
      },
    };
  }
}
