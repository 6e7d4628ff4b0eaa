/** What a batch, a queue and a cache may hold is bounded in bytes, not only in number. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { createEngine } from "../create-engine.ts";
import type { Engine } from "../create-engine.ts";
import type { FlowDefinition } from "../core/flow.ts";
import { createMemoryDatabase } from "../stores/memory/memory-database.ts";
import { createMemoryStore } from "../stores/memory/memory-store.ts";
import { withCommit } from "./fixtures/memory-engine.ts";
import type { EngineOptions } from "./options.ts";

const note: FlowDefinition = {
  name: "note",
  version: 1,
  events: { Read: { type: "object" } },
  initial: "open",
  states: { open: { on: { Read: "done" } }, done: { final: "read" } },
};

/** An engine, and the bytes of run data that each of its commits wrote. */
async function open(
  t: TestContext,
  options: EngineOptions,
  gate: () => Promise<void> = async () => {},
): Promise<{ readonly engine: Engine; readonly commits: number[] }> {
  const commits: number[] = [];
  const store = createMemoryStore({
    database: createMemoryDatabase({ nowMs: () => Date.now() }),
    engineId: "a",
  });
  const watched = withCommit(store, async (commit, writes) => {
    await gate();
    commits.push(writes.runs.reduce((sum, { dataText }) => sum + dataText.length, 0));
    await commit();
  });
  const engine = await createEngine({
    store: watched,
    flows: [note],
    participants: [],
    options: { writers: 1, ...options },
  });
  t.after(() => engine.stop());
  await engine.start();
  return { engine, commits };
}

const large = { text: "x".repeat(100_000) };

test("a batch takes no more than its bytes, and what is left goes into the next", async (t) => {
  const { engine, commits } = await open(t, { batchBytesMax: 500_000 });
  const started = await Promise.all(
    Array.from({ length: 40 }, () => engine.client.start("note", { data: large })),
  );
  assert.equal(new Set(started.map(({ runId }) => runId)).size, 40);
  assert.ok(Math.max(...commits) <= 700_000, `${Math.max(...commits)} bytes in one batch`);
  assert.deepEqual((await engine.store.audit({ quiet: false })).findings, []);
});

test("a queue that holds too many bytes refuses what it would grow by, and takes it when there is room again", async (t) => {
  const gate = Promise.withResolvers<void>();
  const { engine } = await open(t, { queueBytesMax: 1_048_576 }, () => gate.promise);
  const starts = Array.from({ length: 30 }, () =>
    engine.client.start("note", { data: large }).then(
      () => "started",
      (error: { code: string }) => error.code,
    ),
  );
  const refused = await Promise.race([...starts]);
  assert.equal(refused, "FLOW_INBOX_FULL");
  gate.resolve();
  const outcomes = await Promise.all(starts);
  assert.ok(outcomes.includes("started"));
  assert.deepEqual(new Set(outcomes), new Set(["started", "FLOW_INBOX_FULL"]));
  assert.ok((await engine.client.start("note", { data: large })).runId);
});
