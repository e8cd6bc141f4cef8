// Numbers as people read them. What is not known is a dash.

export const UNKNOWN = "–";

/**
 * A whole number, its digits in groups of three: "12,345".
 * @param {number | null | undefined} value
 */
export function count(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return UNKNOWN;
  return Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, ",");
}

/**
 * Three digits that matter, and no more: "0.42", "4.2", "42", "4,200".
 * @param {number | null | undefined} value
 */
export function decimal(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return UNKNOWN;
  const size = Math.abs(value);
  if (size >= 100) return count(value);
  if (size >= 10) return value.toFixed(1).replace(/\.0$/, "");
  if (size === 0) return "0";
  return size >= 1 ? value.toFixed(2).replace(/\.?0+$/, "") : String(Number(value.toPrecision(2)));
}

const DURATIONS = /** @type {[number, string][]} */ ([
  [3_600_000, "h"],
  [60_000, "min"],
  [1000, "s"],
  [1, "ms"],
]);

/**
 * A duration in the unit that suits it: "28.2 µs", "4.12 ms", "1.5 s", "3.2 h".
 * @param {number | null | undefined} ms
 */
export function duration(ms) {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return UNKNOWN;
  if (ms === 0) return "0 ms";
  for (const [size, unit] of DURATIONS) {
    if (ms >= size) return `${decimal(ms / size)} ${unit}`;
  }
  return `${decimal(ms * 1000)} µs`;
}

/**
 * "0 B", "512 B", "64 KiB", "3.8 MiB"
 * @param {number | null | undefined} bytes
 */
export function bytes(bytes) {
  if (bytes === null || bytes === undefined || !Number.isFinite(bytes)) return UNKNOWN;
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${decimal(bytes / 1024)} KiB`;
  return `${decimal(bytes / 1024 / 1024)} MiB`;
}

/**
 * The port of "127.0.0.1:54127" or "[::1]:54127"; all of what has none.
 * @param {string} address
 */
export function port(address) {
  return address.slice(address.lastIndexOf(":") + 1);
}

/**
 * A time of day: "14:03", or "14:03:22" with `second`.
 * @param {number} unixMs
 * @param {"2-digit"} [second]
 */
export function timeOfDay(unixMs, second) {
  return new Date(unixMs).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second, hourCycle: "h23" });
}
