/** What becomes of runs when the store's clock is set: time jumps, and nothing happens twice or is lost. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Engine } from "../create-engine.ts";
import type { FlowDefinition } from "../core/flow.ts";
import { createMemoryDatabase } from "../stores/memory/memory-database.ts";
import type { MemoryDatabase } from "../stores/memory/memory-database.ts";
import { assertSound, startEngine, until } from "./fixtures/memory-engine.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const RUNS = 40;

const offer: FlowDefinition = {
  name: "offer",
  version: 1,
  events: { Seen: {}, Taken: {} },
  initial: "open",
  states: {
    open: { on: { Seen: {}, Taken: "taken" }, after: { delay: "30m", target: "lapsed" } },
    taken: { final: "taken" },
    lapsed: { final: "lapsed" },
  },
};

const hourly = (catchUp: "last" | "all"): FlowDefinition => ({
  name: `report-${catchUp}`,
  version: 1,
  events: {},
  initial: "written",
  schedule: { cron: "0 * * * *", catchUp },
  states: { written: { final: "written" } },
});

/** A store whose clock is set by hand, beside going on by itself. */
function settableDatabase(): { readonly database: MemoryDatabase; jump(ms: number): void } {
  let offsetMs = 0;
  const database = createMemoryDatabase({ nowMs: () => Date.now() + offsetMs });
  return { database, jump: (ms) => (offsetMs += ms) };
}

async function startOffers(engine: Engine): Promise<readonly string[]> {
  const started = Array.from({ length: RUNS }, () => engine.client.start("offer", { data: {} }));
  return (await Promise.all(started)).map(({ runId }) => runId);
}

async function historyOf(engine: Engine, runId: string) {
  return (await engine.client.history({ runId, limit: 100 })).items;
}

async function outcomesOf(engine: Engine, runIds: readonly string[]) {
  const runs = await Promise.all(runIds.map((runId) => engine.client.require(runId)));
  return new Set(runs.map(({ outcome }) => outcome));
}

test("a clock that jumps a day ahead fires what is due by then, once, and time goes on from there", async (t) => {
  const { database, jump } = settableDatabase();
  const engine = await startEngine(t, database, { flows: [offer] });
  const runIds = await startOffers(engine);
  jump(DAY_MS);
  await until("all offers have lapsed", async () => (await engine.store.totals()).timers === 0);
  for (const runId of runIds)
    assert.deepEqual(
      (await historyOf(engine, runId)).map(({ kind, state }) => [kind, state]),
      [
        ["started", "open"],
        ["timer", "lapsed"],
      ],
    );
  const { runId } = await engine.client.start("offer", { data: {} });
  await engine.client.send(runId, { type: "Taken", data: {} });
  assert.equal((await engine.client.require(runId)).outcome, "taken");
  await assertSound(engine);
});

test("a schedule makes up for a day that the clock jumps over as its `catchUp` says", async (t) => {
  const { database, jump } = settableDatabase();
  const engine = await startEngine(t, database, { flows: [hourly("last"), hourly("all")] });
  await until("both schedules have begun", async () => (await engine.store.listSchedules()).length === 2);
  const before = database.runs.size;
  jump(DAY_MS);
  await until("a day's reports are written", () => database.runs.size >= before + 25);
  const rows = (await engine.store.listRuns({ limit: 100 })).items;
  await until("all are listed", async () => (await engine.store.listRuns({ limit: 100 })).items.length >= 25);
  assert.ok(rows.length <= 25 + before);
  const [all, last] = ["report-all", "report-last"].map(
    async (flow) => (await engine.store.listRuns({ flow, limit: 100 })).items,
  );
  assert.deepEqual([(await all)?.length, (await last)?.length], [24, 1]);
  const keys = (await all)?.map(({ key }) => key) ?? [];
  assert.equal(new Set(keys).size, 24);
});

test("a jump ahead that ends the leases of all engines at once costs no event", async (t) => {
  const { database, jump } = settableDatabase();
  const [one, two] = [
    await startEngine(t, database, { flows: [offer], engineId: "one" }),
    await startEngine(t, database, { flows: [offer], engineId: "two" }),
  ];
  await until(
    "both engines own lanes",
    () => new Set(database.lanes.map(({ ownerId }) => ownerId)).size === 2,
  );
  const runIds = await startOffers(one);
  await until("all offers are there", () => database.runs.size === RUNS);
  // Less than the offers' time, and more than any lease.
  jump(10 * MINUTE_MS);
  const send = (engine: Engine, id: string) =>
    Promise.all(runIds.map((runId) => engine.client.send(runId, { id, type: "Seen", data: {} })));
  await Promise.all([send(one, "seen-1"), send(two, "seen-2"), send(two, "seen-1")]);
  for (const runId of runIds)
    await until("both events are in history", async () => (await historyOf(one, runId)).length === 3);
  assert.deepEqual(await outcomesOf(one, runIds), new Set([null]));
  await assertSound(two);
});

test("a clock that jumps an hour back fires nothing twice, and nothing is dated before what was", async (t) => {
  const { database, jump } = settableDatabase();
  const engine = await startEngine(t, database, { flows: [offer] });
  const early = await startOffers(engine);
  jump(HOUR_MS);
  await until("the early offers have lapsed", async () => (await engine.store.totals()).timers === 0);
  const open = await startOffers(engine);
  jump(-HOUR_MS);
  const beat = (await engine.store.listLanes()).map(({ leaseMs }) => leaseMs);
  await until("the engine has heard of it", async () =>
    (await engine.store.listLanes()).every(
      ({ leaseMs }, lane) => leaseMs < HOUR_MS && leaseMs !== beat[lane],
    ),
  );
  for (const runId of open) await engine.client.send(runId, { type: "Seen", data: {} });
  assert.deepEqual(await outcomesOf(engine, open), new Set([null]));
  for (const runId of [...early, ...open]) {
    const times = (await historyOf(engine, runId)).map(({ atMs }) => atMs);
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    );
  }
  await assertSound(engine);
  jump(HOUR_MS + 31 * MINUTE_MS);
  await until("the other offers have lapsed", async () => (await engine.store.totals()).timers === 0);
  assert.deepEqual(await outcomesOf(engine, [...early, ...open]), new Set(["lapsed"]));
  for (const runId of early) assert.equal((await historyOf(engine, runId)).length, 2);
  for (const runId of open) assert.equal((await historyOf(engine, runId)).length, 3);
  await assertSound(engine);
});

test("an engine that starts after the clock went back takes the lanes over and goes on with their runs", async (t) => {
  const { database, jump } = settableDatabase();
  jump(HOUR_MS);
  const first = await startEngine(t, database, { flows: [offer], engineId: "one" });
  const runIds = await startOffers(first);
  await first.stop();
  jump(-HOUR_MS);
  const next = await startEngine(t, database, { flows: [offer], engineId: "two" });
  for (const runId of runIds) await next.client.send(runId, { type: "Taken", data: {} });
  assert.deepEqual(await outcomesOf(next, runIds), new Set(["taken"]));
  for (const runId of runIds) {
    const [started, taken] = await historyOf(next, runId);
    assert.ok((taken?.atMs ?? 0) >= (started?.atMs ?? 0));
  }
  await until("the lists follow", async () => {
    const { items } = await next.store.listRuns({ isOpen: true, limit: 1 });
    return items.length === 0;
  });
  await assertSound(next);
});
