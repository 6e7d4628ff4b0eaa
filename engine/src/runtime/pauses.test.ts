import assert from "node:assert/strict";
import { test } from "node:test";
import type { FlowDefinition } from "../core/flow.ts";
import type { Store } from "../core/ports.ts";
import { createMemoryStore } from "../stores/memory/memory-store.ts";
import { memoryDatabase, remote, startEngine, until } from "./fixtures/memory-engine.ts";

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

test("timers of a paused flow keep no timer of another flow waiting, however many are due", async (t) => {
  const database = memoryDatabase();
  const other: FlowDefinition = { ...order, name: "other" };
  const parts = { flows: [order, other], options: { timersReadMax: 3 } };
  const pause = { flow: "order", scope: "state", name: "open" } as const;
  const first = await startEngine(t, database, { ...parts, engineId: "first" });
  await first.operator.pause(pause, { by: "ann" });
  const paused = await Promise.all(
    Array.from({ length: 40 }, () => first.client.start("order", { data: {} })),
  );
  // Nobody has the lanes while these come due, so that the next owner reads them from the store.
  const { runId } = await first.client.start("other", { data: {} });
  await first.stop();
  await until("all are due", async () => {
    const { timers, timersDue } = await createMemoryStore({ database, engineId: "watcher" }).totals();
    return timers >= 40 && timersDue === timers;
  });

  const second = await startEngine(t, database, { ...parts, engineId: "second" });
  assert.equal((await second.client.waitFinal(runId, 5_000))?.outcome, "expired");
  const stateOf = async ({ runId: id }: { readonly runId: string }) =>
    (await second.client.require(id)).state;
  assert.deepEqual(new Set(await Promise.all(paused.map(stateOf))), new Set(["open"]));

  await second.operator.resume(pause, { by: "ann" });
  await until("all have expired", async () => (await second.store.totals()).timers === 0, 20_000);
  assert.deepEqual(new Set(await Promise.all(paused.map(stateOf))), new Set(["expired"]));
});

test("a paused state keeps its commands also of a run that is not in memory, and for the next owner", async (t) => {
  const trip: FlowDefinition = {
    name: "trip",
    version: 1,
    events: { Charged: { type: "object" } },
    channels: ["cards"],
    commands: { ChargeCard: { channel: "cards", answers: ["Charged"] } },
    initial: "paid",
    states: { paid: { send: { ChargeCard: "data" }, on: { Charged: "done" } }, done: { final: "done" } },
  };
  const database = memoryDatabase();
  const charged: string[] = [];
  const cards = remote("cards", ({ runId }) => {
    charged.push(runId);
    return { type: "answered", event: { type: "Charged", data: {} } };
  });
  const parts = { flows: [trip], participants: [cards], options: { cachedRunsMax: 0 } };
  const pause = { flow: "trip", scope: "state", name: "paid" } as const;
  const first = await startEngine(t, database, { ...parts, engineId: "first" });
  await first.operator.pause(pause, { by: "ann" });
  const runs = await Promise.all(Array.from({ length: 5 }, () => first.client.start("trip", { data: {} })));
  await first.stop();
  assert.deepEqual(charged, []);

  const second = await startEngine(t, database, { ...parts, engineId: "second" });
  await until("its lanes are claimed", async () =>
    (await second.store.listLanes()).every(({ ownerId }) => ownerId === "second"),
  );
  // One that comes now is held as well, and by then those taken over were looked at.
  runs.push(await second.client.start("trip", { data: {} }));
  assert.deepEqual(charged, []);

  await second.operator.resume(pause, { by: "ann" });
  for (const { runId } of runs) assert.equal((await second.client.waitFinal(runId, 5_000))?.outcome, "done");
  assert.equal(charged.length, runs.length);
});
