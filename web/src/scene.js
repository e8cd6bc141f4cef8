// Scene: the front door at one moment, as it is drawn: the one shape that is handed on. Who draws (picture.js) knows only
// this; who shows something makes one: the live page from each state of the stream, the player from each moment of recent
// connections, the file of the experiment from each moment of its run.
//
// Names and units are those of the front door's API (docs/front-door-api.md). `null` is what is not known: the drawing leaves it
// out and guesses nothing. Text in a scene comes from clients and is only ever set as text.

/**
 * @typedef {object} Scene
 * @property {"pool" | "inline"} architecture
 * @property {ListenQueue[]} listenQueues
 * @property {AcceptLoop} acceptLoop
 * @property {ConnectionQueue | null} connectionQueue null: there is none (inline)
 * @property {Worker[]} workers
 * @property {HeavyPool | null} heavyPool
 * @property {ActiveSockets} activeSockets
 * @property {Refusals | null} refusals
 * @property {number | null} focus the connection that is followed, by number
 */

/**
 * The kernel's queue of one listening address.
 * @typedef {object} ListenQueue
 * @property {string} address
 * @property {number} depth who waits now
 * @property {number} limit the backlog
 * @property {number | null} drops
 * @property {Waiting[]} waiting who is known of those, first come first
 */

/**
 * @typedef {object} Waiting
 * @property {number | null} connection its number, where it has since been given one
 * @property {string} peer "127.0.0.1:54127"
 * @property {"may_wait" | "waits" | "moving" | "moved"} state in the queue, or not come yet; in the queue; accept4 is returning
 *   it; accepted since
 */

/**
 * @typedef {object} AcceptLoop
 * @property {"blocked" | "draining" | "refusing" | "working" | null} state working: inline, on a connection
 * @property {"accept" | "enqueue" | "work" | null} line which of its lines of code it is at
 * @property {number | null} fd what accept4 has just returned
 * @property {number | null} sinceMs
 * @property {number | null} accepted
 * @property {{last: number | null, tenSeconds: number | null} | null} drainPerS
 * @property {{p50: number, p99: number} | null} acceptUs
 */

/**
 * @typedef {object} ConnectionQueue
 * @property {number} length
 * @property {number} limit
 * @property {number} oldestAgeMs
 * @property {number} targetMs
 * @property {number} deadlineMs
 * @property {boolean | null} isOverloaded
 * @property {{connection: number, fd: number, peer: string, ageMs: number}[]} entries the oldest first; not always all
 */

/**
 * @typedef {object} Worker
 * @property {number} worker 1..N
 * @property {number | null} connection null: idle
 * @property {number | null} sinceMs for how long that has been so
 * @property {number | null} served requests
 */

/**
 * The threads that read large bodies.
 * @typedef {object} HeavyPool
 * @property {{thread: number, connection: number | null, sinceMs: number, bodies: number}[]} threads
 * @property {number} queueLength
 * @property {number} queueLimit
 */

/**
 * @typedef {object} ActiveSockets
 * @property {number} open
 * @property {number | null} limit
 * @property {Record<string, number>} byState
 * @property {Socket[]} sockets lowest number first; not always all
 */

/**
 * @typedef {object} Socket
 * @property {number} connection
 * @property {number} fd
 * @property {string} peer
 * @property {string} local
 * @property {string} state queued, serving, parked, sending, waiting
 * @property {number | null} ageMs
 * @property {{bytes: number, size: number} | null} receiveBuffer
 * @property {{bytes: number, size: number} | null} sendBuffer
 */

/**
 * 503s by reason, and who is being seen off.
 * @typedef {{byReason: Record<string, number>, held: number}} Refusals
 */

export {};
