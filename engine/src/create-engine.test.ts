import assert from "node:assert/strict";
import { test } from "node:test";
import { createEngine } from "./create-engine.ts";
import type { FlowDefinition } from "./core/flow.ts";
import { memoryDatabase, startEngine } from "./runtime/fixtures/memory-engine.ts";
import { createMemoryStore } from "./stores/memory/memory-store.ts";

const order = (version: number, next: string): FlowDefinition => ({
  name: "order",
  version,
  events: { Paid: {} },
  initial: "open",
  states: { open: { on: { Paid: next } }, [next]: { final: next } },
});

test("an engine that is refused since runs wait in another version has pinned none of its own", async (t) => {
  const database = memoryDatabase();
  const engine = await startEngine(t, database, { flows: [order(1, "paid")] });
  const { runId } = await engine.client.start("order", { data: {} });
  await engine.stop();
  const store = createMemoryStore({ database, engineId: "two" });
  const create = (...flows: FlowDefinition[]) => createEngine({ store, flows, participants: [] });
  await assert.rejects(create(order(2, "sold")), {
    code: "FLOW_VERSION_MISSING",
    message: /1 in order version 1/,
  });
  const pinned = (await store.listFlowVersions()).map(({ version }) => version);
  assert.deepEqual(pinned, [1]);
  // It was never served, so it may still become another.
  await create(order(1, "paid"), order(2, "settled"));
  await assert.rejects(create(order(1, "paid"), order(2, "sold")), { code: "FLOW_VERSION_CHANGED" });
  assert.equal((await store.getRun(runId))?.flowVersion, 1);
});
