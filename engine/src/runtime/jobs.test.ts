import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import type { JobWish } from "../client/operator.ts";
import { engineError } from "../core/errors.ts";
import type { FlowDefinition } from "../core/flow.ts";
import type { Store, Transport } from "../core/ports.ts";
import { createMemoryStore } from "../stores/memory/memory-store.ts";
import { memoryDatabase, startEngine, until } from "./fixtures/memory-engine.ts";

const order: FlowDefinition = {
  name: "order",
  version: 1,
  events: { Paid: {} },
  initial: "open",
  states: { open: { on: { Paid: "paid" } }, paid: { final: "paid" } },
};

const RUNS = 20;
const openOrders = { flow: "order", isOpen: true, limit: 100 } as const;

test("a job comes to its end also where engines reach each other only through the store", async (t) => {
  const database = memoryDatabase();
  const parts = { flows: [order], options: { leaseMs: 300, submitMs: 400 } };
  const [one, two] = [
    await startEngine(t, database, { ...parts, engineId: "one" }),
    await startEngine(t, database, { ...parts, engineId: "two" }),
  ];
  await until(
    "both engines own lanes",
    () => new Set(database.lanes.map(({ ownerId }) => ownerId)).size === 2,
  );
  const started = Array.from({ length: RUNS }, () => one.client.start("order", { data: {} }));
  const runIds = (await Promise.all(started)).map(({ runId }) => runId);
  await until("all runs have begun", () => database.runs.size === RUNS);

  const cancel = { operation: { type: "cancel", compensate: false }, filter: { runIds } } as const;
  const { actionId } = await two.operator.startJob(cancel, { by: "ann" });
  await until(
    "the job is done",
    async () => (await two.operator.requireAction(actionId)).state === "done",
    20_000,
  );
  const { job } = await two.operator.requireAction(actionId);
  assert.deepEqual([job?.progress.applied, job?.progress.refused], [RUNS, {}]);
});

test("a stop is over within stopMs, also where a job or a transport does not come to an end", async (t) => {
  const database = memoryDatabase();
  const stored = createMemoryStore({ database, engineId: "one" });
  let isSaving = false;
  const forever = (): Promise<never> => new Promise(() => {});
  const hanging = (): Promise<never> => {
    isSaving = true;
    return forever();
  };
  const source: Transport = {
    channel: "shop",
    commandsPerSendMax: 1,
    sendsMax: 1,
    send: () => Promise.resolve([]),
    stop: forever,
  };
  const engine = await startEngine(t, database, {
    flows: [order],
    store: { ...stored, updateAction: hanging },
    participants: [source],
    options: { stopMs: 300 },
  });
  const { runId } = await engine.client.start("order", { data: {} });
  const cancel = { operation: { type: "cancel", compensate: false }, filter: { runIds: [runId] } } as const;
  await engine.operator.startJob(cancel, { by: "ann" });
  await until("the job is under way", () => isSaving);
  const beganMs = performance.now();
  await engine.stop();
  assert.ok(performance.now() - beganMs < 5_000);
  assert.ok(database.lanes.every(({ ownerId }) => ownerId === null));
});

test("a job that is interrupted within a page counts every run it was applied to", async (t) => {
  const database = memoryDatabase();
  const stored = createMemoryStore({ database, engineId: "one" });
  let interruptions = 0;
  const store: Store = {
    ...stored,
    updateAction: async (action) => {
      // The runs of its first page are done, and nobody has heard of it.
      if (database.runs.size === RUNS && interruptions === 0 && action.progress.applied > 0) {
        interruptions++;
        await until("the lists follow", async () => (await stored.listRuns(openOrders)).items.length === 0);
        throw engineError("FLOW_STORE_UNAVAILABLE", "away");
      }
      return stored.updateAction(action);
    },
  };
  const engine = await startEngine(t, database, { flows: [order], store, options: { projectionMs: 5 } });
  await Promise.all(Array.from({ length: RUNS }, () => engine.client.start("order", { data: {} })));
  await until("all are listed", async () => (await stored.listRuns(openOrders)).items.length === RUNS);

  const cancel = { operation: { type: "cancel", compensate: false }, filter: { flow: "order" } } as const;
  const { actionId } = await engine.operator.startJob(cancel, { by: "ann" });
  await until(
    "the job is done",
    async () => (await engine.operator.requireAction(actionId)).state === "done",
    20_000,
  );
  const { job } = await engine.operator.requireAction(actionId);
  assert.equal(interruptions, 1);
  assert.deepEqual([job?.progress.seen, job?.progress.applied, job?.progress.refused], [RUNS, RUNS, {}]);
});

/** A job that does not come to its end while a test looks at it. */
function slowJob(runIds: readonly string[], runsPerSecond = 0.01): JobWish {
  return { operation: { type: "force", state: "open" }, filter: { runIds }, runsPerSecond };
}

test("open jobs are read once by who works on them, however often a heartbeat looks for them", async (t) => {
  const database = memoryDatabase();
  const stored = createMemoryStore({ database, engineId: "one" });
  const calls = { beats: 0, reads: 0 };
  const store: Store = {
    ...stored,
    listOpenJobs: async (lanes) => {
      calls.beats++;
      return stored.listOpenJobs(lanes);
    },
    getAction: async (actionId) => {
      calls.reads++;
      return stored.getAction(actionId);
    },
  };
  const engine = await startEngine(t, database, { flows: [order], store });
  const unknown = Array.from({ length: 1_000 }, () => randomUUID());
  for (let n = 0; n < 5; n++) await engine.operator.startJob(slowJob(unknown), { by: "ann" });
  await until("all have begun", async () => {
    const { items } = await stored.listActions({ limit: 10 });
    return items.every(({ job }) => job?.progress.seen === 1);
  });
  const { beats, reads } = calls;
  await until("many heartbeats have looked", () => calls.beats >= beats + 5);
  assert.deepEqual([reads, calls.reads], [5, 5]);
  for (const job of await stored.listOpenJobs([0, 1, 2, 3]))
    assert.deepEqual(Object.keys(job), ["actionId", "kind", "state"]);
});

test("no more jobs are open than may be, and one that comes again is answered all the same", async (t) => {
  const options = { jobsOpenMax: 2, submitMs: 400 };
  const engine = await startEngine(t, memoryDatabase(), { flows: [order], options });
  const { runId } = await engine.client.start("order", { data: {} });
  const job = slowJob([runId, randomUUID()]);
  const start = (idempotencyKey: string) => engine.operator.startJob(job, { by: "ann", idempotencyKey });
  const first = await start("1");
  await start("2");
  await assert.rejects(start("3"), { code: "FLOW_JOBS_FULL", kind: "overloaded", retryAfterMs: 10_000 });
  assert.equal((await start("1")).actionId, first.actionId);
  await engine.operator.operate(runId, { type: "force", state: "open" }, { by: "ann" });
  await engine.operator.stopJob(first.actionId, { by: "ann" });
  await until(
    "it has stopped",
    async () => (await engine.operator.requireAction(first.actionId)).state === "stopped",
  );
  assert.equal((await start("3")).state, "running");
});

test("a run that is named twice is met, shown and counted once", async (t) => {
  const engine = await startEngine(t, memoryDatabase(), { flows: [order] });
  const { runId } = await engine.client.start("order", { data: {} });
  const wish = {
    operation: { type: "force", state: "open" },
    filter: { runIds: [runId, runId, runId] },
  } as const;
  assert.equal((await engine.operator.preview(wish, { limit: 10 })).items.length, 1);
  const { actionId } = await engine.operator.startJob(wish, { by: "ann" });
  await until(
    "the job is done",
    async () => (await engine.operator.requireAction(actionId)).state === "done",
  );
  const { job } = await engine.operator.requireAction(actionId);
  assert.deepEqual([job?.progress.seen, job?.progress.applied], [1, 1]);
});

test("a job keeps to its rate though its engine is followed by another after every run", async (t) => {
  const database = memoryDatabase();
  const start = (engineId: string) => startEngine(t, database, { flows: [order], engineId });
  let engine = await start("0");
  const started = Array.from({ length: 3 }, () => engine.client.start("order", { data: {} }));
  const runIds = (await Promise.all(started)).map(({ runId }) => runId);
  const { actionId } = await engine.operator.startJob(slowJob(runIds, 1), { by: "ann" });
  for (let done = 1; done <= runIds.length; done++) {
    await until(`${done} are done`, async () => {
      const { job } = await engine.operator.requireAction(actionId);
      return job?.progress.applied === done;
    });
    await engine.stop();
    engine = await start(String(done));
  }
  const times: number[] = [];
  for (const runId of runIds) {
    const { items } = await engine.client.history({ runId, limit: 10 });
    times.push(...items.flatMap(({ kind, atMs }) => (kind === "forced" ? [atMs] : [])));
  }
  times.sort((a, b) => a - b);
  assert.equal(times.length, runIds.length);
  // The clock of a process is behind the store's by as long as an answer takes.
  for (const [at, ms] of times.entries())
    assert.ok(at === 0 || ms - (times[at - 1] ?? 0) > 900, times.join(", "));
});
