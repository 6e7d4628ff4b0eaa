import assert from "node:assert/strict";
import { test } from "node:test";
import type { SeenEvent } from "../core/ports.ts";
import type { Step } from "../core/run.ts";
import { makeCommand, makeRun, testRunId } from "../testing/rows.ts";
import { RunCache } from "./run-cache.ts";

test("the least recently used runs go first when the cache is full", () => {
  const cache = new RunCache(2);
  const cached = (lane: number) => ({ run: makeRun({ runId: testRunId(1), lane }), seen: new Map() });
  cache.set("a", cached(0));
  cache.set("b", cached(1));
  cache.get("a");
  cache.set("c", cached(1));
  assert.deepEqual([cache.peek("a") !== undefined, cache.peek("b"), cache.size], [true, undefined, 2]);
  cache.dropLane(1);
  assert.equal(cache.size, 1);
});

test("large runs leave the cache before they fill the memory of many small ones", () => {
  const cache = new RunCache(1_000, 1_000_000);
  const large = () => ({
    run: makeRun({ runId: testRunId(1), data: { text: "x".repeat(100_000) } }),
    seen: new Map(),
  });
  for (const id of ["a", "b", "c", "a"]) cache.set(id, large());
  assert.deepEqual([cache.size, cache.peek("b"), cache.peek("a") !== undefined], [2, undefined, true]);
  cache.delete("a");
  cache.set("d", large());
  assert.equal(cache.size, 2);
});

test("what grows with a run counts: its events, what it has asked for and what it could take back", () => {
  const text = "x".repeat(20_000);
  const seen = new Map<string, SeenEvent>();
  for (let at = 0; at < 200; at++) seen.set(`e${at}`, { version: at, digest: at, outcome: "applied" });
  const step: Step = {
    state: "paying",
    command: "Pay",
    commandId: "c1",
    undo: { type: "Refund", channel: "bank", data: { text } },
  };
  const runs = {
    events: { run: makeRun({ runId: testRunId(1) }), seen },
    commands: { run: makeRun({ runId: testRunId(1), commands: [makeCommand("c1", { data: { text } })] }) },
    steps: { run: makeRun({ runId: testRunId(1), steps: [step] }) },
    undone: {
      run: makeRun({ runId: testRunId(1), compensation: { target: "failed", steps: [step] } }),
    },
  };
  for (const [what, cached] of Object.entries(runs)) {
    const cache = new RunCache(1_000, 50_000);
    for (const id of ["a", "b", "c", "d"]) cache.set(id, { seen: new Map(), ...cached });
    assert.ok(cache.size < 3, `${what}: ${cache.size} runs fit`);
  }
});

test("a run that grows while it is in the cache leaves the room it was given", () => {
  const cache = new RunCache(1_000, 10_000);
  for (let round = 0; round < 100; round++) {
    const seen = new Map<string, SeenEvent>();
    cache.set("growing", { run: makeRun({ runId: testRunId(1) }), seen });
    for (let at = 0; at < 50; at++) seen.set(`e${at}`, { version: at, digest: at, outcome: "applied" });
    cache.delete("growing");
  }
  for (let at = 0; at < 100; at++)
    cache.set(`r${at}`, { run: makeRun({ runId: testRunId(1) }), seen: new Map() });
  assert.ok(cache.size <= 10, `${cache.size} runs fit`);
});
