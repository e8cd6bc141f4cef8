// The answer of GET /api/v1/front-door, as far as the page reads it; docs/front-door-api.md says what each field means.

/**
 * @typedef {object} FrontDoorState
 * @property {"pool" | "inline"} architecture
 * @property {number} now_unix_ms
 * @property {number} uptime_seconds
 * @property {StateListenQueue[]} listen_queues
 * @property {{little_mean_ms: number | null}} kernel_wait
 * @property {StateAcceptLoop} accept_loop
 * @property {StateConnectionQueue} connection_queue
 * @property {{worker: number, connection: number | null, since_ms: number, served: number}[]} workers
 * @property {StateHeavyPool} [heavy_pool]
 * @property {{open: number, limit: number, by_state: Record<string, number>, sockets: StateSocket[]}} active_sockets
 * @property {{held: number} & Record<string, number>} refusals
 * @property {Record<string, {count: number, mean_us: number, p50_us: number, p99_us: number}>} stages
 */

/**
 * @typedef {object} StateListenQueue
 * @property {string} address
 * @property {number} depth
 * @property {number} limit
 * @property {number} drops
 * @property {{age_ms: number | null, total: number, peers: string[]}} waiting
 */

/**
 * @typedef {object} StateAcceptLoop
 * @property {"blocked" | "draining" | "refusing"} state
 * @property {number} since_ms
 * @property {number} accepted
 * @property {{"1s": number, "10s": number, start: number}} drain_per_s
 * @property {{p50: number, p99: number}} accept_us
 */

/**
 * @typedef {object} StateConnectionQueue
 * @property {number} length
 * @property {number} limit
 * @property {number} oldest_age_ms
 * @property {number} target_ms
 * @property {number} deadline_ms
 * @property {boolean} overloaded
 * @property {{connection: number, fd: number, peer: string, age_ms: number}[]} entries
 */

/**
 * @typedef {object} StateHeavyPool
 * @property {{thread: number, connection: number | null, since_ms: number, bodies: number}[]} threads
 * @property {number} queue_length
 * @property {number} queue_limit
 */

/**
 * @typedef {object} StateSocket
 * @property {number} connection
 * @property {number} fd
 * @property {string} peer
 * @property {string} local
 * @property {number} age_ms
 * @property {string} state
 * @property {number} receive_bytes
 * @property {number} receive_buffer_bytes
 * @property {number} send_bytes
 * @property {number} send_buffer_bytes
 */

export {};
