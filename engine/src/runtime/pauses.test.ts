import assert from "node:assert/strict";
import { test } from "node:test";
import type { FlowDefinition } from "../core/flow.ts";
import type { Store } from "../core/ports.ts";
import { createMemoryStore } from "../stores/memory/memory-store.ts";
import { memoryDatabase, startEngine, until } from "./fixtures/memory-engine.ts";

const order: FlowDefinition = {
  name: "order",
  version: 1,
  events: {},
  initial: "open",
  states: { open: { after: { delay: "50ms", target: "expired" } }, expired: { final: "expired" } },
};

/** A store whose batches that write nothing end when they may. */
function slow(store: Store, mayEnd: () => Promise<void>): Store {
  return {
    ...store,
    openWriter: async (name) => {
      const writer = await store.openWriter(name);
      const openBatch = () => {
        const batch = writer.openBatch();
        return {
          loadRuns: batch.loadRuns.bind(batch),
          loadDeadLetters: batch.loadDeadLetters.bind(batch),
          withTransaction: batch.withTransaction.bind(batch),
          commit: batch.commit.bind(batch),
          rollback: async () => {
            await mayEnd();
            await batch.rollback();
          },
        };
      };
      return { openBatch, close: () => writer.close() };
    },
  };
}

test("a timer fires whose pause was lifted while the batch that held it was under way", async (t) => {
  const database = memoryDatabase();
  let isHeld = false;
  let letGo = (): void => {};
  const gate = new Promise<void>((resolve) => (letGo = resolve));
  const store = slow(createMemoryStore({ database, engineId: "engine-1" }), () => {
    isHeld = true;
    return gate;
  });
  const engine = await startEngine(t, database, { flows: [order], store });
  const pause = { flow: "order", scope: "state", name: "open" } as const;
  await engine.operator.pause(pause, { by: "ann" });
  const { runId } = await engine.client.start("order", { data: {} });
  await until("a batch holds the timer", () => isHeld);

  await engine.operator.resume(pause, { by: "ann" });
  letGo();
  assert.equal((await engine.client.waitFinal(runId, 5_000))?.outcome, "expired");
});
