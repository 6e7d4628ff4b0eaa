import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Run } from "../../core/run.ts";
import { makeRun, testRunId } from "../../testing/rows.ts";
import { RunReader } from "./run-reader.ts";

const toRun = (run: Run): Run => run;

describe("reads of single runs", () => {
  it("leave at once when nothing is under way, those of one turn together", async () => {
    const reads: (readonly string[])[] = [];
    const reader = new RunReader(async (runIds) => {
      reads.push(runIds);
      return runIds.filter((runId) => runId !== testRunId(3)).map((runId) => makeRun({ runId }));
    }, toRun);
    const ids = [1, 2, 3, 2].map(testRunId);
    const runs = await Promise.all(ids.map((runId) => reader.get(runId)));
    assert.deepEqual(
      runs.map((run) => run?.runId ?? null),
      [testRunId(1), testRunId(2), null, testRunId(2)],
    );
    assert.deepEqual(reads, [[1, 2, 3].map(testRunId)]);
  });

  it("are gathered while others are under way, no more of them than one statement may read", async () => {
    const sizes: number[] = [];
    const gate = Promise.withResolvers<void>();
    const reader = new RunReader(async (runIds) => {
      sizes.push(runIds.length);
      await gate.promise;
      return runIds.map((runId) => makeRun({ runId }));
    }, toRun);
    const asked: Promise<unknown>[] = [];
    for (let number = 1; number <= 102; number++) {
      asked.push(reader.get(testRunId(number)));
      await Promise.resolve();
    }
    gate.resolve();
    await Promise.all(asked);
    assert.deepEqual(sizes, [1, 1, 64, 36]);
  });

  it("fail with their own statement only, and are read again by the next who asks", async () => {
    let reads = 0;
    const reader = new RunReader(async (runIds) => {
      if (++reads === 1) throw new Error("away");
      return runIds.map((runId) => makeRun({ runId }));
    }, toRun);
    const [first, second] = [reader.get(testRunId(1)), reader.get(testRunId(2))];
    await assert.rejects(first, /away/);
    await assert.rejects(second, /away/);
    assert.equal((await reader.get(testRunId(1)))?.runId, testRunId(1));
  });

  it("fail alone where their row cannot be read", async () => {
    const reader = new RunReader(
      async (runIds) => runIds.map((runId) => makeRun({ runId })),
      (run) => {
        if (run.runId === testRunId(1)) throw new Error("no JSON");
        return run;
      },
    );
    const [first, second] = [reader.get(testRunId(1)), reader.get(testRunId(2))];
    await assert.rejects(first, /no JSON/);
    assert.equal((await second)?.runId, testRunId(2));
  });
});
