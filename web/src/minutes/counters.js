// Rates and quantiles from what is recorded: counters, which begin anew at 0 when the server is started again, and histograms,
// whose buckets are such counters.

/**
 * A sample: seconds since 1970, value.
 * @typedef {[number, number]} Sample
 */

/**
 * By how much a counter has grown; one that is smaller than before began anew.
 * @param {number} before
 * @param {number} after
 */
export function increase(before, after) {
  return after >= before ? after - before : after;
}

/**
 * Growth by the second between each sample and the one before it, at the later one's time.
 * @param {Sample[]} samples in the order of time
 * @returns {Sample[]}
 */
export function rates(samples) {
  /** @type {Sample[]} */
  const found = [];
  for (let i = 1; i < samples.length; ++i) {
    const [beforeS, before] = /** @type {Sample} */ (samples[i - 1]);
    const [afterS, after] = /** @type {Sample} */ (samples[i]);
    if (afterS > beforeS) found.push([afterS, increase(before, after) / (afterS - beforeS)]);
  }
  return found;
}

/**
 * The quantile of a histogram: the upper bound of its bucket, as the server's own quantiles are, and the highest finite bound for
 * what lies beyond it. null where nothing was counted.
 * @param {number} q 0 to 1
 * @param {{bound: number, count: number}[]} buckets ascending, counts cumulative, the last bound Infinity
 * @returns {number | null}
 */
export function quantile(q, buckets) {
  const total = buckets.at(-1)?.count ?? 0;
  if (total === 0) return null;
  const found = buckets.findIndex(({ count }) => count >= q * total);
  const bound = buckets[found]?.bound ?? Infinity;
  return bound === Infinity ? (buckets.at(-2)?.bound ?? null) : bound;
}

/**
 * What a histogram counted between each two samples of it. Its buckets begin anew together: where one is smaller than before, all did.
 * @param {Map<number, Sample[]>} samplesByBound each bucket's cumulative counter, by its upper bound
 * @returns {[number, {bound: number, count: number}[]][]} the later one's time, and the buckets
 */
export function histogramGrowth(samplesByBound) {
  const bounds = [...samplesByBound.keys()].sort((a, b) => a - b);
  const series = bounds.map((bound) => new Map(samplesByBound.get(bound)));
  const times = [...(series.at(-1)?.keys() ?? [])];
  /** @type {[number, {bound: number, count: number}[]][]} */
  const found = [];
  for (let i = 1; i < times.length; ++i) {
    const [before, after] = [times[i - 1] ?? 0, times[i] ?? 0];
    const counts = series.map((at) => ({ earlier: at.get(before) ?? 0, later: at.get(after) ?? 0 }));
    const isAnew = counts.some(({ earlier, later }) => later < earlier);
    found.push([after, counts.map(({ earlier, later }, k) => ({ bound: bounds[k] ?? Infinity, count: isAnew ? later : later - earlier }))]);
  }
  return found;
}
