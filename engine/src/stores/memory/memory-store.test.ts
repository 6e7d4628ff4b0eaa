import assert from "node:assert/strict";
import { it } from "node:test";
import { TEST_BEGIN_MS, makeRun, testRunId } from "../../testing/rows.ts";
import { openOwned } from "../../testing/store-contract/harness.ts";
import { storeContract } from "../../testing/store-contract.ts";
import type { StoreHarness } from "../../testing/store-contract.ts";
import { spoilRun } from "./fixtures/spoil-run.ts";
import { createMemoryDatabase } from "./memory-database.ts";
import { createMemoryStore } from "./memory-store.ts";
import type { MemoryTransaction } from "./memory-transaction.ts";

async function openMemoryHarness(): Promise<StoreHarness> {
  let nowMs = TEST_BEGIN_MS;
  const database = createMemoryDatabase({ nowMs: () => nowMs });
  return {
    openStore: (engineId) => Promise.resolve(createMemoryStore({ database, engineId })),
    passMs: (ms) => {
      nowMs += ms;
      return Promise.resolve();
    },
    increment: async (transaction, counter, by) => {
      (transaction as MemoryTransaction).increment(counter, by);
      return Promise.resolve();
    },
    readCounter: (counter) => Promise.resolve(JSON.parse(database.values.get(counter) ?? "0") as number),
    spoil: (runId) => {
      spoilRun(database, runId);
      return Promise.resolve();
    },
  };
}

storeContract("memory", openMemoryHarness);

it("gives nobody a reference into the memory store's rows", async (t) => {
  const { store, owner } = await openOwned(t, openMemoryHarness);
  const data = { seats: [{ row: 1 }] };
  await owner.start(makeRun({ runId: testRunId(1), data }));
  data.seats.push({ row: 2 });
  const first = await store.getRun(testRunId(1));
  assert.ok(first !== null);
  (first.data["seats"] as object[]).length = 0;
  const second = await store.getRun(testRunId(1));
  assert.deepEqual(second?.data, { seats: [{ row: 1 }] });
});

it("lets the batches of two engines into the participants' values one after the other", async (t) => {
  const { harness, owner } = await openOwned(t, openMemoryHarness);
  const other = await (await harness.openStore("b")).openWriter("other");
  const first = owner.writer.openBatch();
  const second = other.openBatch();
  await first.withTransaction((transaction) => harness.increment(transaction, "hot", 1));
  const order: string[] = [];
  const waiting = second.withTransaction(async (transaction) => {
    order.push("second");
    await harness.increment(transaction, "hot", 1);
  });
  order.push("commit");
  await first.commit(owner.writes({ lanes: [owner.step(0)] }));
  await waiting;
  await second.commit(owner.writes({ lanes: [] }));
  assert.deepEqual(order, ["commit", "second"]);
  assert.equal(await harness.readCounter("hot"), 2);
});

it("rolls the open batches of a memory store back when it is closed, and lets the next one in", async (t) => {
  const { harness, store, owner } = await openOwned(t, openMemoryHarness);
  const dying = owner.writer.openBatch();
  await dying.withTransaction((transaction) => harness.increment(transaction, "hot", 1));
  const next = (await (await harness.openStore("b")).openWriter("next")).openBatch();
  const waiting = next.withTransaction((transaction) => harness.increment(transaction, "hot", 10));
  await store.close();
  await waiting;
  await next.commit(owner.writes({ lanes: [] }));
  await assert.rejects(dying.commit(owner.writes({ lanes: [] })), { code: "FLOW_STORE_UNAVAILABLE" });
  assert.equal(await harness.readCounter("hot"), 10);
});
