import assert from "node:assert/strict";
import { test } from "node:test";
import type { FlowDefinition } from "../core/flow.ts";
import type { GaugePort, MeterPort } from "../core/ports.ts";
import { createMemoryDatabase } from "../stores/memory/memory-database.ts";
import { createMemoryStore } from "../stores/memory/memory-store.ts";
import { systemClock } from "./clock.ts";
import { assertSound, startEngine, until } from "./fixtures/memory-engine.ts";
import { NO_METER } from "../core/silent.ts";
import { Upkeep } from "./upkeep.ts";

const DAY_MS = 86_400_000;

const offer: FlowDefinition = {
  name: "offer",
  version: 1,
  events: { Seen: {}, Taken: {} },
  initial: "open",
  states: { open: { on: { Seen: {}, Taken: "taken" } }, taken: { final: "taken" } },
};

/** Remembers the last value of each gauge. */
function rememberingMeter(): { readonly meter: MeterPort; readonly gauges: Map<string, number> } {
  const gauges = new Map<string, number>();
  const gauge = (name: string): GaugePort => ({ set: (_labels, value) => gauges.set(name, value) });
  return { meter: { ...NO_METER, gauge }, gauges };
}

test("an engine with a retention forgets runs whose time is over, and keeps the periods of those that are open", async (t) => {
  let offsetMs = 0;
  const database = createMemoryDatabase({ nowMs: () => Date.now() + offsetMs });
  const first = await startEngine(t, database, { flows: [offer] });
  const over = await first.client.start("offer", { key: "over", data: {} });
  await first.client.send(over.runId, { type: "Taken", data: {} });
  // What is not projected yet is projected before an engine stops.
  await first.stop();
  offsetMs += 2 * DAY_MS;
  const second = await startEngine(t, database, { flows: [offer] });
  const open = await second.client.start("offer", { key: "open", data: {} });
  await second.stop();

  offsetMs += 20 * DAY_MS;
  const { meter, gauges } = rememberingMeter();
  const engine = await startEngine(t, database, { flows: [offer], meter, options: { retentionDays: 7 } });
  await until("the period is dropped", () => Promise.resolve(gauges.has("sluice_retention_held_runs")));
  assert.equal(await engine.client.get(over.runId), null);
  await assert.rejects(engine.client.send(over.runId, { type: "Seen", data: {} }), {
    code: "FLOW_UNKNOWN_RUN",
  });
  assert.equal((await engine.client.require(open.runId)).state, "open");
  assert.equal(gauges.get("sluice_retention_held_runs"), 1);
  const lagDays = (gauges.get("sluice_retention_lag_seconds") ?? 0) / 86_400;
  assert.ok(lagDays > 11 && lagDays <= 13, String(lagDays));

  const again = await engine.client.start("offer", { key: "over", data: {} });
  assert.deepEqual([again.runId, again.isRepeat], [over.runId, false]);
  assert.equal((await engine.client.require(again.runId)).state, "open");
  await assertSound(engine);
});

test("an engine without a retention keeps every run", async (t) => {
  let offsetMs = 0;
  const database = createMemoryDatabase({ nowMs: () => Date.now() + offsetMs });
  const first = await startEngine(t, database, { flows: [offer] });
  const { runId } = await first.client.start("offer", { data: {} });
  await first.client.send(runId, { type: "Taken", data: {} });
  await first.stop();
  offsetMs += 10_000 * DAY_MS;
  const engine = await startEngine(t, database, { flows: [offer] });
  assert.equal((await engine.client.require(runId)).outcome, "taken");
});

test("upkeep that fails is tried again, each work at its own pace and as often as it takes", async () => {
  const database = createMemoryDatabase({ nowMs: () => Date.now() });
  const store = createMemoryStore({ database, engineId: "a" });
  const scheduled: { delayMs: number; callback: () => void }[] = [];
  const calls = { maintain: 0, summarize: 0 };
  const warned: string[] = [];
  const away = (call: number): void => {
    if (call === 2 || call === 3) throw new Error("the database is away");
  };
  const upkeep = new Upkeep({
    store: {
      dropPeriods: store.dropPeriods,
      maintain: async (retentionDays) => {
        away(++calls.maintain);
        return store.maintain(retentionDays);
      },
      summarize: async () => {
        away(++calls.summarize);
        return Promise.resolve();
      },
    },
    clock: {
      ...systemClock(),
      schedule: (delayMs, callback) => (scheduled.push({ delayMs, callback }), () => {}),
    },
    log: {
      debug: () => {},
      info: () => {},
      warn: (_fields, message) => warned.push(message),
      error: () => {},
    },
    meter: NO_METER,
    retentionDays: null,
  });
  await upkeep.start();
  for (const delayMs of [600_000, 10_000]) {
    const due = () => scheduled.filter((each) => each.delayMs === delayMs);
    for (let round = 1; round <= 4; round++) {
      await until("the next round is scheduled", () => Promise.resolve(due().length === round));
      due().at(-1)?.callback();
    }
    await until("the last round is over", () => Promise.resolve(due().length === 5));
  }
  upkeep.stop();
  assert.deepEqual(calls, { maintain: 5, summarize: 5 });
  assert.equal(warned.length, 4);
});
