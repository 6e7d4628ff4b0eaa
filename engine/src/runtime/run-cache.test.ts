import assert from "node:assert/strict";
import { test } from "node:test";
import { makeRun, testRunId } from "../testing/rows.ts";
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
