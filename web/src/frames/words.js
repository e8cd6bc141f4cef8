// What a step says: a title, and a sentence with its figures.

import { duration } from "../figures.js";

/** @import {Step, StepKind} from "./steps.js" */
/** @import {Passage} from "./passage.js" */
/** @typedef {{title: string, detail: string}} Words */

/** @type {Record<string, string>} */
const ENDS = {
  closed: "The client closes without a request",
  broken: "The connection breaks in the middle of a request",
  timed_out: "The client is too slow, and is told so",
  refused_connections: "Refused with 503: too many connections are open",
  refused_queue: "Refused with 503: our queue is full",
  refused_age: "Refused with 503: it waited too long for a worker",
  refused_descriptors: "Refused with 503: there is no descriptor left",
};

/** @type {Record<StepKind, (step: Step) => Words>} */
const WORDS = {
  may_wait: ({ passage }) => ({
    title: `${name(passage)} may wait in the listen queue from here on`,
    detail: `From ${passage.peer}. Only the kernel knows when its handshake was done; ${wait(passage)}.`,
  }),
  waits: ({ passage }) => ({
    title: `${name(passage)} waits in the listen queue`,
    detail: `From ${passage.peer}, the handshake done. It belongs to the kernel until accept4 takes it; ${wait(passage)}.`,
  }),
  accept: ({ passage }) => ({
    title: "The accept loop calls accept4",
    detail: `${name(passage)} is next in the listen queue: ${wait(passage)}.`,
  }),
  accepted: ({ passage, took }) => ({
    title: `accept4 returns ${passage.fd}: ${name(passage)} is drained`,
    detail: `Out of the kernel's queue in ${time(took)}. Descriptor ${passage.fd} is now the socket ${passage.peer} → ${passage.local}.`,
  }),
  enqueued: ({ passage, took }) => ({
    title: `${name(passage)} is in our queue`,
    detail: `The hand-over took ${time(took)}, the whole drain ${time((passage.enqueued ?? 0) - passage.acceptBegin)}. The accept loop goes back for the next one.`,
  }),
  taken: (step) => ({
    title: `${worker(step.turn?.takenBy ?? null)} takes ${subject(step)}`,
    detail: beforeTaken(step),
  }),
  complete: (step) => ({
    title: "The request is complete",
    detail: `Read and parsed ${after(step.took, "it was taken")}.${step.turn?.durable ? " The connection is parked: it waits for the commit, and no thread with it." : ""}`,
  }),
  durable: ({ took }) => ({
    title: "What it wrote is on the disk",
    detail: `The group commit took ${time(took)}. Now it may be acknowledged.`,
  }),
  ended: (step) => (step.turn?.outcome === "replied" ? replied(step) : otherEnd(step)),
};

/**
 * @param {Step} step
 * @returns {Words}
 */
export function describe(step) {
  return WORDS[step.kind](step);
}

/** @type {Record<StepKind, string>} */
const LABELS = {
  may_wait: "may wait in the kernel",
  waits: "waits in the kernel",
  accept: "accept4 is called",
  accepted: "accept4 returns",
  enqueued: "in our queue",
  taken: "a worker takes it",
  complete: "request complete",
  durable: "durable",
  ended: "",
};

/**
 * A few words, for a list.
 * @param {Step} step
 */
export function label(step) {
  if (step.kind === "taken" && step.turn?.takenBy) return `worker ${step.turn.takenBy} takes it`;
  if (step.kind === "accepted") return `accept4 returns ${step.passage.fd}`;
  return step.kind === "ended" ? endLabel(step) : LABELS[step.kind];
}

/** @param {Step} step */
function endLabel({ turn }) {
  if (turn?.outcome === "replied") return `reply ${turn.code}`;
  return turn?.outcome.startsWith("refused") ? "refused, 503" : (turn?.outcome.replace("_", " ") ?? "");
}

/** @param {Passage} passage */
export function name(passage) {
  return `C${passage.connection}`;
}

/**
 * A moment of the window: "+1.171 387 s".
 * @param {number} t
 */
export function clock(t) {
  const [whole, part] = (t / 1e9).toFixed(6).split(".");
  return `+${whole}.${part.slice(0, 3)}\u202f${part.slice(3)}\u00a0s`;
}

/** @param {Passage} passage */
function wait({ mayWait, waits, accepted }) {
  if (mayWait === null || waits === null) return "how long it waited there was not sampled";
  const [least, most] = [accepted - waits, accepted - mayWait];
  return least === most ? `it waited ${time(most)} there` : `it waited at least ${time(least)} and at most ${time(most)} there`;
}

/** @param {Step} step */
function subject({ passage, turn }) {
  return (turn?.request ?? 0) > 1 ? `request ${turn?.request} of ${name(passage)}` : name(passage);
}

/** @param {Step} step */
function beforeTaken({ passage, turn, took }) {
  const fd = `Descriptor ${passage.fd}`;
  if (took === null) return `${fd}. What came before on this connection is not recorded any more.`;
  if ((turn?.request ?? 0) > 1) return `${fd}, ${time(took)} after the reply before. The connection was kept open.`;
  return passage.enqueued === null ? `${fd}, ${time(took)} after the accept.` : `${fd}, after ${time(took)} in our queue.`;
}

/** @param {Step} step */
function replied({ passage, turn, took }) {
  const first = (turn?.request ?? 0) <= 1;
  const begin = first ? passage.acceptBegin : turn?.taken;
  const total = begin === null || begin === undefined ? null : (turn?.ended ?? 0) - begin;
  return {
    title: `${worker(turn?.worker ?? null)} sends the reply: ${turn?.code}`,
    detail: `With the kernel ${time(took)} later; ${time(total)} since ${first ? "accept4 was called" : "it was taken"}.`,
  };
}

/** @param {Step} step */
function otherEnd({ passage, turn, took }) {
  return {
    title: `${name(passage)}: ${ENDS[turn?.outcome ?? ""] ?? turn?.outcome}`,
    detail: took === null ? "" : `${time(took)} after the step before.`,
  };
}

/**
 * @param {number | null} took
 * @param {string} what
 */
function after(took, what) {
  return took === null ? "at a time that is not recorded" : `${time(took)} after ${what}`;
}

/** @param {number | null} number */
function worker(number) {
  return number === null ? "A worker" : `Worker ${number}`;
}

/** @param {number | null} nanoseconds */
function time(nanoseconds) {
  return duration(nanoseconds === null ? null : nanoseconds / 1e6);
}
