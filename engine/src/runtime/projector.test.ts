import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { RunRow, Store } from "../core/ports.ts";
import { toRunRow } from "../core/run-row.ts";
import { NO_LOG } from "../core/silent.ts";
import { makeRun, testRunId } from "../testing/rows.ts";
import { systemClock } from "./clock.ts";
import { Projector } from "./projector.ts";

const RUNS = 7_001;
/** As many as a store takes at once. */
const ROWS_MAX = 2_000;

interface Written {
  readonly rows: number;
  readonly complete: readonly { readonly untilMs: number }[];
}

/** A projector with rows of many runs, on a store that refuses what is too large, or as told. */
function open(t: TestContext, refuses: (rows: readonly RunRow[]) => boolean = () => false) {
  const versions = new Map<string, number>();
  const written: Written[] = [];
  const project: Store["project"] = async (rows, complete) => {
    if (rows.length > ROWS_MAX || refuses(rows)) throw new Error("too large");
    for (const { runId, version } of rows) versions.set(runId, version);
    written.push({ rows: rows.length, complete });
  };
  const projector = new Projector({
    store: { project },
    clock: systemClock(),
    log: NO_LOG,
    intervalMs: 60_000,
    pendingMax: 5_000,
  });
  t.after(() => projector.stop());
  const runs = Array.from({ length: RUNS }, (_, n) => makeRun({ runId: testRunId(n), version: 2 }));
  projector.add(runs, [{ laneId: 0, epoch: 1 }], 10);
  return { projector, versions, written };
}

test("a projection that is too large for the store is written in portions, and a lane is complete with the last one", async (t) => {
  const { projector, versions, written } = open(t);
  await projector.flush();
  assert.deepEqual([projector.lag, versions.size], [0, RUNS]);
  const complete = written.map(({ complete: lanes }) => lanes.length);
  assert.deepEqual(complete, [...complete.slice(1).map(() => 0), 1]);
  await projector.room();
});

test("a portion that fails keeps the lane open, and what was written before it is not written again", async (t) => {
  let calls = 0;
  const { projector, written } = open(t, () => ++calls === 2);
  await projector.flush();
  assert.deepEqual([written.length, projector.lag], [1, RUNS - ROWS_MAX]);
  assert.deepEqual(written[0]?.complete, []);
  await projector.flush();
  assert.equal(projector.lag, 0);
  assert.equal(
    written.reduce((sum, { rows }) => sum + rows, 0),
    RUNS,
  );
  assert.deepEqual(written.at(-1)?.complete, [{ laneId: 0, epoch: 1, untilMs: 10 }]);
});

test("a batch that waits for the projection goes on as soon as there is room, although a later portion failed", async (t) => {
  let calls = 0;
  const { projector } = open(t, () => ++calls === 4);
  await projector.room();
  assert.equal(projector.lag, RUNS - 3 * ROWS_MAX);
});

test("what a former owner has left undone does not take the place of a newer row that could not be written", async (t) => {
  let isAway = true;
  const older = toRunRow(makeRun({ runId: testRunId(1), version: 1 }));
  const { projector, versions } = open(t, () => {
    if (isAway) projector.addRows([older]);
    return isAway;
  });
  await projector.flush();
  isAway = false;
  await projector.flush();
  assert.equal(versions.get(testRunId(1)), 2);
});
