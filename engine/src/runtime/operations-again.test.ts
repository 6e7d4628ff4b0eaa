/** Operations on one run that come again under their idempotency key. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { engineError } from "../core/errors.ts";
import type { FlowDefinition } from "../core/flow.ts";
import type { Store } from "../core/ports.ts";
import { createMemoryStore } from "../stores/memory/memory-store.ts";
import { memoryDatabase, remote, startEngine, until } from "./fixtures/memory-engine.ts";

const order: FlowDefinition = {
  name: "order",
  version: 1,
  events: { Paid: {}, Shipped: {} },
  commands: { Ship: { channel: "store", answers: ["Shipped"] } },
  initial: "open",
  states: {
    open: { on: { Paid: "paid" } },
    paid: { send: { Ship: "data" }, on: { Shipped: "done" } },
    done: { final: "done" },
  },
};
const participants = [remote("store", () => ({ type: "delivered" }))];
const parts = { flows: [order], participants };

test("an operation that comes again with its data in another order of members is the same one", async (t) => {
  const engine = await startEngine(t, memoryDatabase(), parts);
  const { runId } = await engine.client.start("order", { data: {} });
  const force = (data: { readonly [name: string]: number }, idempotencyKey = "f") =>
    engine.operator.operate(runId, { type: "force", state: "open", data }, { by: "ann", idempotencyKey });
  const first = await force({ nights: 3, guests: 2 });
  assert.deepEqual(await force({ guests: 2, nights: 3 }), { ...first, isRepeat: true });
  await assert.rejects(force({ guests: 2, nights: 4 }), { code: "FLOW_IDEMPOTENCY_CONFLICT" });
});

test("what a run has refused stays refused under its key, whatever has become of the run", async (t) => {
  const engine = await startEngine(t, memoryDatabase(), parts);
  const { runId } = await engine.client.start("order", { data: {} });
  const retry = (idempotencyKey: string) =>
    engine.operator.operate(runId, { type: "retry" }, { by: "ann", idempotencyKey });
  const told = await retry("r").catch((error: unknown) => error);
  assert.ok(told instanceof Error);
  assert.match(told.message, /in state open and has no command that waits/);
  await engine.client.send(runId, { type: "Paid", data: {} });
  await until("its command waits for an answer", async () => {
    const [command] = (await engine.client.require(runId)).commands;
    return command?.phase === "delivered";
  });
  await assert.rejects(retry("r"), { code: "FLOW_NOTHING_TO_RETRY", message: told.message });
  assert.equal((await retry("another")).isRepeat, false);
});

test("a refusal that could not be kept is not told, since the operation may still be done", async (t) => {
  const database = memoryDatabase();
  const stored = createMemoryStore({ database, engineId: "one" });
  let isAway = true;
  const store: Store = {
    ...stored,
    updateAction: async (update) => {
      if (isAway) throw engineError("FLOW_STORE_UNAVAILABLE", "away");
      return stored.updateAction(update);
    },
  };
  const engine = await startEngine(t, database, { ...parts, store, options: { submitMs: 400 } });
  const { runId } = await engine.client.start("order", { data: {} });
  const answer = await engine.operator.operate(runId, { type: "retry" }, { by: "ann" });
  assert.equal(answer.version, null);
  isAway = false;
  const end = async () => (await engine.operator.requireAction(answer.actionId)).job?.progress.refused;
  await until("the record is complete", async () => Object.keys((await end()) ?? {}).length > 0);
  assert.deepEqual(await end(), { FLOW_NOTHING_TO_RETRY: 1 });
});
