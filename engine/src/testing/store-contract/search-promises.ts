import assert from "node:assert/strict";
import { it } from "node:test";
import { fractionOf } from "../../core/digest.ts";
import { STUCK_MS } from "../../core/ports.ts";
import type { RunQuery, RunRow, StateCount, Store } from "../../core/ports.ts";
import { toRunRow } from "../../core/run-row.ts";
import { countRows } from "../../core/audit.ts";
import { TEST_BEGIN_MS, makeRun, testRunId } from "../rows.ts";
import { openOwned } from "./harness.ts";
import type { OpenHarness } from "./harness.ts";

/** The search projection: lists, counters, and how far it is complete. */
export function searchPromises(open: OpenHarness): void {
  it("projects newer versions only, and a repeat changes nothing", async (t) => {
    const { store } = await openOwned(t, open);
    const first = toRunRow(makeRun({ runId: testRunId(1) }));
    const second = { ...first, version: 2, state: "closed", outcome: "sold" };
    const counts = [{ flow: "tickets", flowVersion: 1, state: "closed", runs: 1, parked: 0 }];
    for (const rows of [[first], [second], [second], [first], []]) await store.project(rows, []);
    assert.deepEqual(await store.listRuns({ limit: 5 }), { items: [second], cursor: null });
    assert.deepEqual(await store.countStates(), counts);
    assert.deepEqual(await store.countStates("tickets"), counts);
    assert.deepEqual(await store.countStates("other"), []);
  });

  it("remembers how far each lane is projected, under its epoch and never backwards", async (t) => {
    const { store } = await openOwned(t, open);
    const untilMs = TEST_BEGIN_MS + 10 * 365 * 86_400_000;
    await store.project(
      [],
      [
        { laneId: 0, epoch: 1, untilMs },
        { laneId: 1, epoch: 2, untilMs },
      ],
    );
    await store.project([], [{ laneId: 0, epoch: 1, untilMs: untilMs - 5 }]);
    const [zero, one] = await store.listLanes();
    assert.equal(zero?.projectedAtMs, untilMs);
    assert.ok((one?.projectedAtMs ?? untilMs) < untilMs);
  });

  it("lists the runs of a lane that were written since a time", async (t) => {
    const { store, owner } = await openOwned(t, open);
    const hourMs = 3_600_000;
    const runs = [1, 2, 3].map((n) => makeRun({ runId: testRunId(n), lane: n === 3 ? 1 : 0 }));
    for (const [at, run] of runs.entries()) {
      await owner.commit({
        runs: [run],
        history: [
          {
            runId: run.runId,
            lane: run.lane,
            entries: [{ version: 1, atMs: TEST_BEGIN_MS + at * hourMs, kind: "started", state: "ordered" }],
          },
        ],
        atMs: TEST_BEGIN_MS + at * hourMs,
      });
    }
    const written = await store.listWritten([
      { laneId: 0, sinceMs: TEST_BEGIN_MS + hourMs },
      { laneId: 2, sinceMs: 0 },
    ]);
    assert.deepEqual(written, [toRunRow(runs[1] ?? assert.fail())]);
    assert.deepEqual(await store.listWritten([]), []);
  });

  it("counts states as a count of the projection would, after random updates", async (t) => {
    const { store } = await openOwned(t, open);
    const rows = new Map<string, RunRow>();
    for (let round = 0; round < 20; round++) {
      const changed = new Map<string, RunRow>();
      for (let n = 0; n < 15; n++) {
        const row = randomRow(`counts ${round} ${n}`, 30);
        const { flow, lane, version, createdAtMs } = rows.get(row.runId) ?? { ...row, version: 0 };
        changed.set(row.runId, { ...row, flow, lane, createdAtMs, version: version + 1 });
      }
      for (const row of changed.values()) rows.set(row.runId, row);
      await store.project([...changed.values()], []);
    }
    assert.deepEqual(await store.countStates(), sortCounts(countRows(rows.values())));
    const { parkedRuns, stuckRuns } = await store.totals();
    const parked = [...rows.values()].filter((row) => row.parked !== null);
    const { nowMs } = await store.heartbeat({ engineId: "a", address: null, leaseMs: 60_000 });
    const stuck = [...rows.values()].filter(
      (row) => row.outcome === null && row.parked === null && row.enteredAtMs <= nowMs - STUCK_MS,
    );
    assert.deepEqual([parkedRuns, stuckRuns], [parked.length, stuck.length]);
  });

  it("finds by every filter what a look at all rows finds", async (t) => {
    const { store } = await openOwned(t, open);
    const rows = Array.from({ length: 120 }, (_, n) => ({
      ...randomRow(`filter ${n}`, 1),
      runId: testRunId(n),
    }));
    await store.project(rows, []);
    const { nowMs } = await store.heartbeat({ engineId: "a", address: null, leaseMs: 60_000 });
    const enteredMs = TEST_BEGIN_MS + 30_000;
    const filters: readonly [Partial<RunQuery>, (row: RunRow) => boolean][] = [
      [{}, () => true],
      [{ flow: "tickets" }, (row) => row.flow === "tickets"],
      [{ state: "paying" }, (row) => row.state === "paying"],
      [{ flow: "tickets", state: "closed" }, (row) => row.flow === "tickets" && row.state === "closed"],
      [{ businessState: "open" }, (row) => row.businessState === "open"],
      [{ key: "key-3" }, (row) => row.key === "key-3"],
      [{ outcome: "sold" }, (row) => row.outcome === "sold"],
      [{ parked: true }, (row) => row.parked !== null],
      [{ parked: false }, (row) => row.parked === null],
      [{ parkReason: "rule-failed" }, (row) => row.parked === "rule-failed"],
      [{ flow: "tickets", flowVersion: 2 }, (row) => row.flow === "tickets" && row.flowVersion === 2],
      [{ flow: "tickets", flowVersionBelow: 2 }, (row) => row.flow === "tickets" && row.flowVersion < 2],
      [{ updatedSinceMs: enteredMs }, (row) => row.updatedAtMs >= enteredMs],
      [{ stuckForMs: nowMs - enteredMs }, (row) => row.outcome === null && row.enteredAtMs <= enteredMs],
      [
        { flow: "tickets", state: "paying", parked: false, updatedSinceMs: enteredMs },
        (row) =>
          row.flow === "tickets" &&
          row.state === "paying" &&
          row.parked === null &&
          row.updatedAtMs >= enteredMs,
      ],
    ];
    for (const [filter, matches] of filters) {
      // The store's clock goes on between two calls, so a run at the very edge may be counted as stuck.
      const isEdge = (row: RunRow) =>
        filter.stuckForMs !== undefined && Math.abs(row.enteredAtMs - enteredMs) < 5_000;
      const found = (await listAll(store, { ...filter, limit: 7 })).filter((row) => !isEdge(row));
      const expected = rows.filter((row) => matches(row) && !isEdge(row)).sort(newestFirst);
      assert.deepEqual(found, expected, JSON.stringify(filter));
    }
  });

  it("finds nothing for a text that no run can have", async (t) => {
    const { store } = await openOwned(t, open);
    await store.project([toRunRow(makeRun({ runId: testRunId(1), key: "k" }))], []);
    for (const name of ["flow", "state", "businessState", "key", "outcome"]) {
      for (const text of ["\u0000", "k\u0000", "\ud800", ""])
        assert.deepEqual(await store.listRuns({ [name]: text, limit: 5 }), { items: [], cursor: null });
    }
  });

  it("pages without gaps or repeats while runs are started and move on", async (t) => {
    const { store } = await openOwned(t, open);
    const rows = Array.from({ length: 40 }, (_, n) => ({
      ...randomRow(`page ${n}`, 1),
      runId: testRunId(n),
      // Ten runs share each creation time, so that the id must break ties.
      createdAtMs: TEST_BEGIN_MS + Math.floor(n / 10),
    }));
    await store.project(rows, []);
    const listed: string[] = [];
    let cursor: string | null = null;
    for (let round = 1; round === 1 || cursor !== null; round++) {
      const page = await store.listRuns({ limit: 6, ...(cursor === null ? {} : { cursor }) });
      listed.push(...page.items.map(({ runId }) => runId));
      cursor = page.cursor;
      const younger = {
        ...randomRow(`younger ${round}`, 1),
        runId: testRunId(1_000 + round),
        createdAtMs: TEST_BEGIN_MS + 99,
      };
      const moved = rows
        .slice(0, 5)
        .map((row) => ({ ...row, version: row.version + round, updatedAtMs: row.updatedAtMs + round }));
      await store.project([younger, ...moved], []);
    }
    assert.deepEqual(
      listed,
      rows.toSorted(newestFirst).map(({ runId }) => runId),
    );
  });

  it("refuses a cursor it never gave", async (t) => {
    const { store } = await openOwned(t, open);
    const forged = [
      "",
      "garbage",
      "\u2028",
      btoa("{}"),
      btoa("[1]"),
      btoa('["a","b"]'),
      btoa(`[1e300,"${testRunId(1)}"]`),
      btoa(`[1,"'; drop table runs; --"]`),
    ];
    for (const cursor of forged)
      await assert.rejects(store.listRuns({ limit: 1, cursor }), { code: "FLOW_BAD_CURSOR" }, cursor);
  });
}

async function listAll(store: Store, query: RunQuery): Promise<RunRow[]> {
  const rows: RunRow[] = [];
  let cursor: string | null = null;
  do {
    const page = await store.listRuns(cursor === null ? query : { ...query, cursor });
    assert.ok(page.items.length <= query.limit);
    rows.push(...page.items);
    cursor = page.cursor;
  } while (cursor !== null);
  return rows;
}

function newestFirst(a: RunRow, b: RunRow): number {
  return b.createdAtMs - a.createdAtMs || (a.runId < b.runId ? 1 : -1);
}

function sortCounts(counts: readonly StateCount[]): StateCount[] {
  const keyOf = ({ flow, flowVersion, state }: StateCount) => `${flow} ${flowVersion} ${state}`;
  return [...counts].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

/** A row whose every field is drawn from few values; the same for the same seed. */
function randomRow(seed: string, ids: number): RunRow {
  const pick = <T>(name: string, values: readonly T[]): T =>
    values[Math.floor(fractionOf(`${seed}/${name}`) * values.length)] as T;
  const isFinal = pick("final", [true, false, false]);
  const createdAtMs = TEST_BEGIN_MS + pick("created", [0, 10_000, 20_000, 25_001]);
  return toRunRow(
    makeRun({
      runId: testRunId(Math.floor(fractionOf(`${seed}/id`) * ids)),
      flow: pick("flow", ["tickets", "refunds"]),
      flowVersion: pick("version", [1, 2]),
      key: pick("key", [null, "key-1", "key-2", "key-3"]),
      lane: pick("lane", [0, 1, 2, 3]),
      state: isFinal ? "closed" : pick("state", ["ordered", "paying"]),
      businessState: pick("business", [null, "open", "paid"]),
      outcome: isFinal ? pick("outcome", ["sold", "refused"]) : null,
      parked: isFinal ? null : pick("parked", [null, null, "rule-failed", "command-gave-up"]),
      createdAtMs,
      enteredAtMs: createdAtMs + pick("entered", [0, 1_000, 30_000]),
      updatedAtMs: createdAtMs + pick("updated", [0, 20_000, 40_000]),
    }),
  );
}
