// Records for tests, with round stamps.

const BEGIN_NS = 15_660_996_000_000;

/** @param {number | null} us */
export function atUs(us) {
  return us === null ? null : BEGIN_NS + us * 1000;
}

/**
 * A connection whose accept takes 2 us and whose enqueue takes 3, and its request, which writes.
 * @param {number} connection
 * @param {number} acceptUs
 * @param {{takenUs?: number, worker?: number, takenBy?: number, atLeastUs?: number | null, atMostUs?: number | null}} [more]
 */
export function writer(connection, acceptUs, { takenUs = acceptUs + 10, worker = 1, takenBy = worker, atLeastUs = null, atMostUs = null } = {}) {
  return {
    connection,
    fd: connection + 4,
    peer: `127.0.0.1:${54126 + connection}`,
    local: "127.0.0.1:8080",
    kernel_wait_at_least_ms: atLeastUs === null ? null : atLeastUs / 1000,
    kernel_wait_at_most_ms: atMostUs === null ? null : atMostUs / 1000,
    accept_begin_ns: BEGIN_NS + acceptUs * 1000,
    accepted_ns: BEGIN_NS + (acceptUs + 2) * 1000,
    enqueued_ns: atUs(acceptUs + 5),
    requests: [
      {
        request: 1,
        taken_by: takenBy,
        worker,
        outcome: "replied",
        code: 204,
        taken_ns: atUs(takenUs),
        complete_ns: atUs(takenUs + 20),
        durable_ns: atUs(takenUs + 500),
        replied_ns: atUs(takenUs + 510),
      },
    ],
  };
}

/**
 * One of a connection's further requests, which reads.
 * @param {number} request
 * @param {number} takenUs
 */
export function reader(request, takenUs) {
  return {
    request,
    taken_by: 2,
    worker: 2,
    outcome: "replied",
    code: 200,
    taken_ns: atUs(takenUs),
    complete_ns: atUs(takenUs + 10),
    durable_ns: null,
    replied_ns: atUs(takenUs + 30),
  };
}

/**
 * A connection that no worker had: refused at the accept.
 * @param {number} connection
 * @param {number} acceptUs
 */
export function refused(connection, acceptUs) {
  const request = {
    request: 0,
    taken_by: null,
    worker: null,
    outcome: "refused_connections",
    code: null,
    taken_ns: null,
    complete_ns: null,
    durable_ns: null,
    replied_ns: null,
    ended_ns: atUs(acceptUs + 9),
  };
  return { ...writer(connection, acceptUs), enqueued_ns: null, requests: [request] };
}
