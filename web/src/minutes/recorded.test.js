import assert from "node:assert/strict";
import { test } from "node:test";

import { addFamilies, addLatencies } from "./recorded.js";

/** @param {Record<string, string>} metric @param {[number, number][]} samples */
function series(metric, samples) {
  return { metric, values: samples.map(([timeS, value]) => [timeS, String(value)]) };
}

function collect(addAll, given) {
  const rows = new Map();
  addAll(given, (timeS, values) => rows.set(timeS, { ...rows.get(timeS), ...values }));
  return Object.fromEntries(rows);
}

test("gauges are taken as they are, counters as rates, refusals by reason", () => {
  const rows = collect(addFamilies, [
    series({ __name__: "metricstream_accepted_connections_total" }, [[100, 10], [105, 60]]),
    series({ __name__: "metricstream_connection_queue_length" }, [[100, 3], [105, 4]]),
    series({ __name__: "metricstream_connection_queue_age_seconds" }, [[105, 0.02]]),
    series({ __name__: "metricstream_refused_connections_total", reason: "queue_age" }, [[100, 0], [105, 5]]),
  ]);
  assert.deepEqual(rows, {
    100: { length: 3 },
    105: { length: 4, ageMs: 20, connections: 10, "refused:queue_age": 1 },
  });
});

test("of several listen queues the fullest counts; requests of all codes are added up", () => {
  const rows = collect(addFamilies, [
    series({ __name__: "metricstream_listen_queue_depth", listen: "a" }, [[100, 3]]),
    series({ __name__: "metricstream_listen_queue_depth", listen: "b" }, [[100, 7]]),
    series({ __name__: "metricstream_requests_total", code: "200" }, [[95, 0], [100, 10]]),
    series({ __name__: "metricstream_requests_total", code: "503" }, [[95, 0], [100, 5]]),
  ]);
  assert.deepEqual(rows, { 100: { depth: 7, requests: 3 } });
});

test("latencies are quantiles of what a stage's histogram counted since the sample before", () => {
  const metric = { __name__: "metricstream_stage_seconds_bucket", stage: "total" };
  const rows = collect(addLatencies, [
    series({ ...metric, le: "0.001" }, [[100, 1000], [105, 1050]]),
    series({ ...metric, le: "0.25" }, [[100, 1000], [105, 1100]]),
    series({ ...metric, le: "+Inf" }, [[100, 1000], [105, 1100]]),
  ]);
  assert.deepEqual(rows, { 105: { "total:p50": 1, "total:p99": 250 } });
});
