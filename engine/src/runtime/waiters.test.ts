import assert from "node:assert/strict";
import { test } from "node:test";
import { makeRun, testRunId } from "../testing/rows.ts";
import { Waiters } from "./waiters.ts";

test("everybody who waits for a run hears of its end, nobody else does", () => {
  const waiters = new Waiters(10);
  const run = makeRun({ runId: testRunId(1) });
  const heard: string[] = [];
  waiters.add(run.runId, () => heard.push("a"));
  const leave = waiters.add(run.runId, () => heard.push("b"));
  waiters.add("another", () => heard.push("c"));
  leave();
  leave();
  waiters.end(run);
  assert.deepEqual([heard, waiters.size], [["a"], 2]);
});

test("more callers than the limit are told to come back", () => {
  const waiters = new Waiters(1);
  waiters.add("a", () => {});
  assert.throws(() => waiters.add("b", () => {}), { code: "FLOW_WAIT_FULL", retryAfterMs: 1_000 });
});
