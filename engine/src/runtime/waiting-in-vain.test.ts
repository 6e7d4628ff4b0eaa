/** More callers than an engine has time for: whoever is served is served in time, and the others are told so. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { FlowDefinition } from "../core/flow.ts";
import type { Engine } from "../create-engine.ts";
import { createMemoryStore } from "../stores/memory/memory-store.ts";
import type { MemoryDatabase } from "../stores/memory/memory-database.ts";
import { memoryDatabase, startEngine, until, withCommit } from "./fixtures/memory-engine.ts";

const SUBMIT_MS = 2_000;

const note: FlowDefinition = {
  name: "note",
  version: 1,
  events: {},
  initial: "kept",
  states: { kept: { final: "kept" } },
};

interface Slow {
  readonly engine: Engine;
  readonly database: MemoryDatabase;
  /** Lets the commit under way, and all that follow, go on. */
  readonly goOn: () => void;
}

/** An engine with one writer whose first commit is under way. */
async function startSlow(t: TestContext): Promise<Slow> {
  const database = memoryDatabase();
  const open = Promise.withResolvers<void>();
  let commits = 0;
  const store = withCommit(createMemoryStore({ database, engineId: "slow" }), async (commit) => {
    commits++;
    await open.promise;
    await commit();
  });
  const options = { lanes: 1, leaseMs: 5_000, writers: 1, submitMs: SUBMIT_MS };
  const engine = await startEngine(t, database, { flows: [note], store, options });
  t.after(() => open.resolve());
  engine.client.start("note", { key: "first", data: {} }).catch(() => {});
  await until("the first commit is under way", () => commits === 1);
  return { engine, database, goOn: () => open.resolve() };
}

test("an input whose caller was told that nobody knows is not begun any more", async (t) => {
  const { engine, database, goOn } = await startSlow(t);
  await assert.rejects(engine.client.start("note", { key: "in vain", data: {} }), {
    code: "FLOW_OUTCOME_UNKNOWN",
  });
  goOn();
  await engine.client.start("note", { key: "after it", data: {} });
  assert.equal(database.runs.size, 2);
  // Whoever wants it still says it again.
  assert.equal((await engine.client.start("note", { key: "in vain", data: {} })).isRepeat, false);
});

test("who comes while others have waited for half of their time is refused, and nothing has happened", async (t) => {
  const { engine, database, goOn } = await startSlow(t);
  const beganMs = performance.now();
  const waiting = engine.client.start("note", { key: "waits", data: {} });
  waiting.catch(() => {});
  await until("half of the time is over", () => performance.now() - beganMs > SUBMIT_MS / 2 + 10);
  await assert.rejects(engine.client.start("note", { key: "late", data: {} }), {
    code: "FLOW_INBOX_FULL",
    kind: "overloaded",
    retryAfterMs: 1_000,
  });
  goOn();
  assert.equal((await waiting).isRepeat, false);
  assert.equal(database.runs.size, 2);
});
