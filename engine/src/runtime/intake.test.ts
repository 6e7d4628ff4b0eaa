/** The way of an input to the owner of its lane when that owner is no longer what it was. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { createEngine } from "../create-engine.ts";
import type { Engine } from "../create-engine.ts";
import { engineError, hasCode } from "../core/errors.ts";
import type { FlowDefinition } from "../core/flow.ts";
import type { LaneInput } from "../core/inputs.ts";
import type { PeerAnswer, Store } from "../core/ports.ts";
import type { EngineOptions } from "./options.ts";
import { createMemoryDatabase } from "../stores/memory/memory-database.ts";
import type { MemoryDatabase } from "../stores/memory/memory-database.ts";
import { createMemoryStore } from "../stores/memory/memory-store.ts";

const order: FlowDefinition = {
  name: "order",
  version: 1,
  events: { Paid: { type: "object" } },
  initial: "open",
  states: { open: { on: { Paid: "done" } }, done: { final: "done" } },
};
const LANES = [0, 1, 2, 3];
/** How long the frozen owner keeps its lanes; while it lives, long enough that no busy machine makes it lose them. */
const FROZEN_LEASE_MS = 600;
const LEASE_MS = 10_000;

/** A deployment whose lanes all belong to an engine that lives until it freezes. */
async function openOwned(): Promise<{
  readonly database: MemoryDatabase;
  readonly freeze: () => Promise<void>;
}> {
  const database = createMemoryDatabase({ nowMs: () => Date.now() });
  const owner = createMemoryStore({ database, engineId: "owner" });
  const beat = (leaseMs: number) => owner.heartbeat({ engineId: "owner", address: "owner", leaseMs });
  await owner.openDeployment(LANES.length);
  await beat(LEASE_MS);
  await owner.claimLanes({ engineId: "owner", laneIds: LANES, leaseMs: LEASE_MS });
  const freeze = async (): Promise<void> => void (await beat(FROZEN_LEASE_MS));
  return { database, freeze };
}

type Forward = (inputs: readonly LaneInput[]) => Promise<readonly PeerAnswer[]>;

async function startEngine(
  t: TestContext,
  database: MemoryDatabase,
  forward: Forward,
  store: Store = createMemoryStore({ database, engineId: "other" }),
  options: EngineOptions = {},
): Promise<Engine> {
  const engine = await createEngine({
    store,
    flows: [order],
    participants: [],
    peers: () => ({ forward: (_address, inputs) => forward(inputs) }),
    options: { leaseMs: 300, address: "other", submitMs: 4_000, ...options },
  });
  t.after(() => engine.stop());
  await engine.start();
  return engine;
}

/** What a peer that hangs looks like to who waits for it so long. */
function unknownAfter(waitMs: number): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(engineError("FLOW_OUTCOME_UNKNOWN", "no answer in time")), waitMs);
  });
}

test("an input whose owner froze goes on to the next owner, and is decided there", async (t) => {
  const { database, freeze } = await openOwned();
  let forwards = 0;
  const engine = await startEngine(t, database, async () => {
    forwards += 1;
    await freeze();
    return unknownAfter(FROZEN_LEASE_MS + 50);
  });
  const started = await engine.client.start("order", { data: {}, key: "o-1" });
  assert.deepEqual([started.isDecided, forwards], [true, 1]);
  assert.equal((await engine.store.totals()).inbox, 0);
  await engine.client.send(started.runId, { type: "Paid", data: {} });
  assert.equal((await engine.client.require(started.runId)).outcome, "done");
});

test("an input that a living owner may have is kept in its inbox, and sent no second time", async (t) => {
  const { database } = await openOwned();
  let forwards = 0;
  const engine = await startEngine(t, database, () => {
    forwards += 1;
    return unknownAfter(10);
  });
  const started = await engine.client.start("order", { data: {}, key: "o-2" });
  assert.deepEqual([started.isDecided, forwards], [false, 1]);
  assert.equal((await engine.store.totals()).inbox, 1);
});

/** A store that writes down which runs are looked for. */
function lookedFor(store: Store, runIds: string[]): Store {
  return {
    ...store,
    openWriter: async (name) => {
      const writer = await store.openWriter(name);
      const openBatch = () => {
        const batch = writer.openBatch();
        const loadRuns = (ids: readonly string[]) => {
          runIds.push(...ids);
          return batch.loadRuns(ids);
        };
        return {
          loadRuns,
          loadDeadLetters: batch.loadDeadLetters.bind(batch),
          withTransaction: batch.withTransaction.bind(batch),
          commit: batch.commit.bind(batch),
          rollback: batch.rollback.bind(batch),
        };
      };
      return { openBatch, close: () => writer.close() };
    },
  };
}

test("a start that a frozen owner may have taken is looked for before it begins", async (t) => {
  const { database, freeze } = await openOwned();
  const runIds: string[] = [];
  const store = lookedFor(createMemoryStore({ database, engineId: "other" }), runIds);
  const lost = async (): Promise<never> => {
    await freeze();
    return unknownAfter(FROZEN_LEASE_MS + 50);
  };
  const engine = await startEngine(t, database, lost, store);
  const { runId } = await engine.client.start("order", { data: {} });
  assert.deepEqual(runIds, [runId]);
});

test("a refusal of what a frozen owner may still take in does not say that nothing happened", async (t) => {
  const { database, freeze } = await openOwned();
  const engine = await startEngine(t, database, async () => {
    await freeze();
    return unknownAfter(FROZEN_LEASE_MS + 50);
  });
  const runId = "01890a5d-ac96-774b-bcce-b302099a8057";
  await assert.rejects(engine.client.send(runId, { type: "Paid", data: {} }), {
    code: "FLOW_OUTCOME_UNKNOWN",
  });
  await assert.rejects(engine.client.send(runId, { type: "Paid", data: {} }), { code: "FLOW_UNKNOWN_RUN" });
});

/** What becomes of more starts than the inboxes of lanes take that have an owner nobody reaches. */
async function startTooMany(t: TestContext, forward: Forward) {
  const { database } = await openOwned();
  const engine = await startEngine(t, database, forward, undefined, { inboxRowsMax: 1 });
  const starts = Array.from({ length: 2 * LANES.length }, () => engine.client.start("order", { data: {} }));
  const ends = await Promise.allSettled(starts);
  const kept = ends.filter(({ status }) => status === "fulfilled");
  const failures: unknown[] = ends.flatMap((end) => (end.status === "rejected" ? [end.reason] : []));
  assert.equal(database.inbox.size, kept.length);
  assert.ok(kept.length > 0 && kept.length <= LANES.length && failures.length > 0);
  return failures;
}

test("an input for a lane whose inbox is full is refused, and nothing has happened", async (t) => {
  const failures = await startTooMany(t, () =>
    Promise.reject(engineError("FLOW_NO_OWNER", "it cannot be reached")),
  );
  for (const error of failures) {
    assert.ok(hasCode(error, "FLOW_NO_OWNER"), String(error));
    assert.match(String(error), /1 inputs wait for one, as many as may \(inboxRowsMax\)/);
  }
});

test("an input that its owner may have taken is not said to be refused by a full inbox", async (t) => {
  const failures = await startTooMany(t, () => unknownAfter(50));
  for (const error of failures) assert.ok(hasCode(error, "FLOW_OUTCOME_UNKNOWN"), String(error));
});
