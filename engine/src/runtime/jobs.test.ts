import assert from "node:assert/strict";
import { test } from "node:test";
import type { FlowDefinition } from "../core/flow.ts";
import { memoryDatabase, startEngine, until } from "./fixtures/memory-engine.ts";

const order: FlowDefinition = {
  name: "order",
  version: 1,
  events: { Paid: {} },
  initial: "open",
  states: { open: { on: { Paid: "paid" } }, paid: { final: "paid" } },
};

const RUNS = 20;

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
