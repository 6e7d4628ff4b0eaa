import assert from "node:assert/strict";
import { test } from "node:test";
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
      if (database.runs.size === RUNS && interruptions === 0 && (action.job?.progress.applied ?? 0) > 0) {
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
