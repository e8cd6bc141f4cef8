// Passage: one connection's way through the front door, as its stamps tell it. What no stamp tells is null.
//
// Moments are nanoseconds since the begin of the window that is looked at: small numbers, which a double holds exactly, where
// those of CLOCK_MONOTONIC outgrow it after 104 days.

/**
 * @typedef {object} Passage
 * @property {number} connection
 * @property {number} fd
 * @property {string} peer
 * @property {string} local
 * @property {number | null} mayWait since when it may have waited in the listen queue, at the earliest
 * @property {number | null} waits since when it did, at the latest; the same where it is known exactly
 * @property {number} acceptBegin before accept4
 * @property {number} accepted accept4 has returned
 * @property {number | null} enqueued null: there is no queue of ours (inline), or it was refused
 * @property {Turn[]} turns by number; of one kept open the first ones may be forgotten
 */

/**
 * What became of one request, or of a connection without one.
 * @typedef {object} Turn
 * @property {number} request 1: the connection's first; 0: it ended before a worker had one
 * @property {number | null} takenBy the worker that took it
 * @property {number | null} worker the worker that ended it
 * @property {string} outcome as in the API
 * @property {number | null} code
 * @property {number | null} taken
 * @property {number | null} complete
 * @property {number | null} durable
 * @property {number} ended replied, or however it ended
 */

/**
 * The front door's API (docs/front-door-api.md), as far as it is read here.
 * @typedef {{connection: number, fd: number, peer: string, local: string, kernel_wait_at_least_ms: number | null,
 *   kernel_wait_at_most_ms: number | null, accept_begin_ns: number, accepted_ns: number, enqueued_ns: number | null,
 *   requests: RequestRecord[]}} ConnectionRecord
 * @typedef {{request: number, taken_by: number | null, worker: number | null, outcome: string, code: number | null,
 *   taken_ns: number | null, complete_ns: number | null, durable_ns: number | null, replied_ns: number | null,
 *   ended_ns?: number | null}} RequestRecord
 */

/**
 * @param {ConnectionRecord[]} records
 * @returns {{passages: Passage[], span: number}} by number; `span`: from the first moment to the last
 */
export function readPassages(records) {
  const begin = records.reduce((least, record) => Math.min(least, firstMoment(record)), Infinity);
  const passages = records.map((record) => readPassage(record, begin));
  const span = passages.reduce((most, passage) => Math.max(most, lastMoment(passage)), 0);
  return { passages: passages.sort((a, b) => a.connection - b.connection), span };
}

/** @param {Passage} passage */
export function lastMoment(passage) {
  return passage.turns.reduce((most, turn) => Math.max(most, turn.ended), passage.enqueued ?? passage.accepted);
}

/** @param {ConnectionRecord} record */
function firstMoment(record) {
  return Math.min(record.accept_begin_ns, record.accepted_ns - nanoseconds(record.kernel_wait_at_most_ms ?? 0));
}

/**
 * @param {ConnectionRecord} record
 * @param {number} begin
 * @returns {Passage}
 */
function readPassage(record, begin) {
  const accepted = record.accepted_ns - begin;
  const acceptBegin = record.accept_begin_ns - begin;
  const { kernel_wait_at_least_ms: atLeast, kernel_wait_at_most_ms: atMost } = record;
  return {
    connection: record.connection,
    fd: record.fd,
    peer: record.peer,
    local: record.local,
    mayWait: atMost === null ? null : Math.min(accepted - nanoseconds(atMost), acceptBegin),
    waits: atLeast === null ? null : Math.min(accepted - nanoseconds(atLeast), acceptBegin),
    acceptBegin,
    accepted,
    enqueued: since(record.enqueued_ns, begin),
    turns: record.requests.map((request) => readTurn(request, begin)),
  };
}

/**
 * @param {RequestRecord} record
 * @param {number} begin
 * @returns {Turn}
 */
function readTurn(record, begin) {
  return {
    request: record.request,
    takenBy: record.taken_by,
    worker: record.worker,
    outcome: record.outcome,
    code: record.code,
    taken: since(record.taken_ns, begin),
    complete: since(record.complete_ns, begin),
    durable: since(record.durable_ns, begin),
    ended: (record.replied_ns ?? record.ended_ns ?? begin) - begin,
  };
}

/**
 * @param {number | null} moment
 * @param {number} begin
 */
function since(moment, begin) {
  return moment === null ? null : moment - begin;
}

/** @param {number} ms */
function nanoseconds(ms) {
  return Math.round(ms * 1e6);
}
