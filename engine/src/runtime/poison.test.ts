/** Inputs that no batch can store: how they are found among others. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@sluice/contracts/envelope";
import type { FlowDefinition } from "../core/flow.ts";
import { createMemoryStore } from "../stores/memory/memory-store.ts";
import type { BatchWrites, Store } from "../core/ports.ts";
import { assertSound, memoryDatabase, startEngine, withCommit } from "./fixtures/memory-engine.ts";

const RUNS = 250;
const BAD = 125;

const OBJECT = { type: "object" };

const order: FlowDefinition = {
  name: "order",
  version: 1,
  events: { Noted: OBJECT, Closed: OBJECT },
  initial: "open",
  states: {
    open: { on: { Noted: { update: "merge" }, Closed: "closed" } },
    closed: { final: "closed" },
  },
};

/** A store that cannot write what carries the mark, and counts what it was asked to commit. */
function refusing(store: Store, isBad: (writes: BatchWrites) => boolean) {
  const seen = { commits: 0, failed: 0 };
  const counted = withCommit(store, (commit, writes) => {
    seen.commits++;
    if (!isBad(writes)) return commit();
    seen.failed++;
    return Promise.reject(new Error("no room for this one"));
  });
  return { seen, store: counted };
}

const hasMark = ({ runs }: BatchWrites): boolean => runs.some(({ dataText }) => dataText.includes("bad"));

test("an input that cannot be stored among 250 is found in few batches, and the others are decided in order", async (t) => {
  const database = memoryDatabase();
  const { seen, store } = refusing(createMemoryStore({ database, engineId: "a" }), hasMark);
  const engine = await startEngine(t, database, { flows: [order], store, options: { lanes: 1, writers: 1 } });
  const runIds = await Promise.all(
    Array.from({ length: RUNS / 2 }, async () => (await engine.client.start("order", { data: {} })).runId),
  );
  seen.commits = 0;
  const sent = Array.from({ length: RUNS }, (_, n) =>
    engine.client.send(runIds[n % runIds.length] ?? "", {
      id: `e${n}`,
      type: "Noted",
      data: n === BAD ? { bad: true } : { n },
    }),
  );
  const told = await Promise.allSettled(sent);
  const refused = told.flatMap((each, at) =>
    each.status === "rejected" ? [{ at, error: each.reason }] : [],
  );
  assert.deepEqual(
    refused.map(({ at, error }) => [at, error.code]),
    [[BAD, "FLOW_UNEXPECTED"]],
  );
  assert.ok(seen.commits <= 50, `${seen.commits} batches`);
  for (const [n, runId] of runIds.entries()) {
    const { items } = await engine.client.history({ runId, limit: 10 });
    const ids = items.flatMap(({ eventId }) => (eventId?.startsWith("e") === true ? [eventId] : []));
    const both = [n, n + runIds.length].filter((at) => at !== BAD).map((at) => `e${at}`);
    assert.deepEqual(ids, both);
  }
  await assertSound(engine);
});

/** A run of it has a timer due at nearly any time. */
const clockwork: FlowDefinition = {
  name: "clockwork",
  version: 1,
  events: { Stopped: OBJECT },
  initial: "tick",
  states: {
    tick: { on: { Stopped: "stopped" }, after: { delay: "1ms", target: "tock" } },
    tock: { after: { delay: "1ms", target: "tick" } },
    stopped: { final: "stopped" },
  },
};

test("an input that cannot be stored is found although timers are due at any time", async (t) => {
  const database = memoryDatabase();
  const { store } = refusing(createMemoryStore({ database, engineId: "a" }), hasMark);
  const engine = await startEngine(t, database, {
    flows: [order, clockwork],
    store,
    options: { lanes: 1, writers: 1 },
  });
  for (let n = 0; n < 20; n++) await engine.client.start("clockwork", { data: {} });
  const { runId } = await engine.client.start("order", { data: {} });
  const send = (data: JsonObject) => engine.client.send(runId, { type: "Noted", data });
  const [first, bad, last] = await Promise.allSettled([send({ n: 1 }), send({ bad: true }), send({ n: 2 })]);
  assert.deepEqual([first.status, last.status], ["fulfilled", "fulfilled"]);
  assert.equal(bad.status === "rejected" && bad.reason.code, "FLOW_UNEXPECTED");
});
