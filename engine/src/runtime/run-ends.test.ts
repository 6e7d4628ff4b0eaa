import assert from "node:assert/strict";
import { test } from "node:test";
import { makeRun, testRunId } from "../testing/rows.ts";
import { RunEnds } from "./run-ends.ts";

test("a run that has ended here is known to who waits for it afterwards, without a read", async () => {
  const ends = new RunEnds({
    store: { getRun: () => Promise.reject(new Error("nobody has to read")) },
    clock: { monotonicMs: () => 0, schedule: () => () => {}, random: () => 0, newId: () => "" },
    waitersMax: 1,
    peek: () => undefined,
  });
  const run = makeRun({ runId: testRunId(1), outcome: "completed" });
  ends.end(run);
  assert.equal(await ends.wait(run.runId, 1_000), run);
});
