import assert from "node:assert/strict";
import { test } from "node:test";
import { createMeter } from "./metrics.ts";
import type { ProcessMeter } from "./metrics.ts";

function meter(): ProcessMeter {
  return createMeter({ processMetrics: false });
}

test("writes counters, gauges and histograms as Prometheus reads them", async () => {
  const m = meter();
  m.counter("sent_total", "Sent.", ["channel"]).inc({ channel: "http" }, 3);
  m.gauge("depth", "Depth.").set({}, 7);
  m.histogram("took_seconds", "Took.", ["state"], [0.1, 1]).observe({ state: "new" }, 0.5);
  const text = await m.text();
  assert.match(text, /^# TYPE sent_total counter\nsent_total\{channel="http"\} 3$/m);
  assert.match(text, /^depth 7$/m);
  assert.match(text, /^took_seconds_bucket\{le="0.1",state="new"\} 0$/m);
  assert.match(text, /^took_seconds_bucket\{le="1",state="new"\} 1$/m);
  assert.match(text, /^took_seconds_sum\{state="new"\} 0.5$/m);
});

test("answers the same series to all who ask for its name", async () => {
  const m = meter();
  m.counter("sent_total", "Sent.").inc({});
  m.counter("sent_total", "Sent.").inc({});
  assert.match(await m.text(), /^sent_total 2$/m);
});

test("asks every collector at each scrape and forgets labels that are gone", async () => {
  const m = meter();
  let lane = 1;
  m.gauge("age_ms", "Age.", ["lane"], (gauge) => gauge.set({ lane }, 5));
  m.gauge("age_ms", "Age.", ["lane"], async (gauge) => gauge.set({ lane: 9 }, 6));
  assert.match(await m.text(), /^age_ms\{lane="1"\} 5\nage_ms\{lane="9"\} 6$/m);
  lane = 2;
  assert.doesNotMatch(await m.text(), /lane="1"/);
});

test("leaves a gauge that cannot be collected out of the scrape and counts it", async () => {
  const m = meter();
  m.gauge("depth", "Depth.", ["lane"], () => Promise.reject(new Error("the database is away")));
  m.counter("sent_total", "Sent.").inc({});
  const text = await m.text();
  assert.doesNotMatch(text, /^depth/m);
  assert.match(text, /^sent_total 1$/m);
  assert.match(await m.text(), /^sluice_metrics_collect_failures_total\{gauge="depth"\} [12]$/m);
});

test("keeps two meters of one process apart", async () => {
  const [one, two] = [createMeter(), createMeter()];
  one.counter("sent_total", "Sent.").inc({});
  assert.doesNotMatch(await two.text(), /sent_total/);
  assert.match(await two.text(), /nodejs_eventloop_lag_seconds/);
});
