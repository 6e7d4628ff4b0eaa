import assert from "node:assert/strict";
import { it } from "node:test";
import type { TestContext } from "node:test";
import type { Sql } from "@sluice/host/postgres";
import { toRunRow } from "../../core/run-row.ts";
import type { Run } from "../../core/run.ts";
import type { Store } from "../../core/ports.ts";
import { makeEntry, makeRun, testRunId } from "../../testing/rows.ts";
import { findingsOf } from "../../testing/store-contract/harness.ts";
import type { TestOwner } from "../../testing/store-contract/harness.ts";
import { killSessions, openOwner, openPostgresHarness, waitUntilBlocked } from "./fixtures/harness.ts";
import type { PostgresHarness } from "./fixtures/harness.ts";
import { listPeriods, periodName } from "./periods.ts";

const DAY_MS = 86_400_000;
const RETENTION_DAYS = 30;

interface OldRuns {
  readonly harness: PostgresHarness;
  readonly store: Store;
  readonly owner: TestOwner;
  readonly nowMs: number;
  /** Ended, and born in one period that is over. */
  readonly old: readonly Run[];
  /** The name of that period. */
  readonly period: string;
}

function bornAt(n: number, atMs: number, run: Partial<Run> = {}): Run {
  return makeRun({ runId: testRunId(n), createdAtMs: atMs, enteredAtMs: atMs, updatedAtMs: atMs, ...run });
}

async function openOldRuns(t: TestContext): Promise<OldRuns> {
  const harness = await openPostgresHarness(t);
  const store = harness.openStoreWith({ engineId: "a" });
  const owner = await openOwner(store);
  await store.maintain(RETENTION_DAYS);
  const { nowMs } = await store.heartbeat({ engineId: "a", address: null, leaseMs: 60_000 });
  const old = [1, 2, 3].map((n) => bornAt(n, nowMs - 400 * DAY_MS, { state: "closed", outcome: "sold" }));
  await owner.start(...old);
  await store.project(old.map(toRunRow), []);
  const [oldest] = await listPeriods(harness.sql);
  return { harness, store, owner, nowMs, old, period: periodName(oldest ?? assert.fail()) };
}

/** The tables of a period that are there. */
async function tablesOf(sql: Sql, period: string): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select relname as name from pg_class where relkind = 'r' and relname ~ ${`_${period}$`} order by relname`;
  return rows.map(({ name }) => name.replace(`_${period}`, ""));
}

const ALL_TABLES = ["history", "run_search", "runs"];

it("makes a place for runs that are born where nothing was prepared, as after a jump of the clock", async (t) => {
  const { harness, store, owner, nowMs } = await openOldRuns(t);
  const run = bornAt(9, nowMs + 1_000 * DAY_MS);
  await owner.start(run);
  await store.project([toRunRow(run)], []);
  assert.deepEqual(await store.getRun(run.runId), run);
  const stored = await listPeriods(harness.sql);
  assert.ok((stored.at(-1)?.fromMs ?? 0) > nowMs + 900 * DAY_MS);
});

it("makes each period once, however many engines prepare it at once, and whatever width they want", async (t) => {
  const harness = await openPostgresHarness(t);
  const stores = ["a", "b", "c", "d"].map((engineId) => harness.openStoreWith({ engineId }));
  const widths = [null, 7, 40, 200];
  await Promise.all(stores.map((store, at) => store.maintain(widths[at] ?? null)));
  const periods = await listPeriods(harness.sql);
  for (const [at, { fromMs }] of periods.entries())
    assert.ok(at === 0 || fromMs >= (periods[at - 1]?.untilMs ?? 0), JSON.stringify(periods));
  for (const period of periods) assert.deepEqual(await tablesOf(harness.sql, periodName(period)), ALL_TABLES);
  // What one engine could not make because of another, it finds made, or makes next time.
  for (const store of stores) await store.maintain(null);
  const { nowMs } = await (stores[0] ?? assert.fail()).heartbeat({
    engineId: "a",
    address: null,
    leaseMs: 60_000,
  });
  for (const atMs of [nowMs - DAY_MS / 2, nowMs, nowMs + DAY_MS])
    assert.ok(
      (await listPeriods(harness.sql)).some(({ fromMs, untilMs }) => fromMs <= atMs && atMs < untilMs),
    );
});

it("refuses what comes for a run whose period was dropped since it was loaded, and keeps nothing of it", async (t) => {
  const { store, owner, nowMs, old } = await openOldRuns(t);
  const [run] = old;
  const batch = owner.writer.openBatch();
  const [loaded] = await batch.loadRuns([run?.runId ?? ""]);
  assert.deepEqual(loaded?.run, run);
  assert.equal((await store.dropPeriods(RETENTION_DAYS)).dropped.length, 1);
  const late = bornAt(1, run?.createdAtMs ?? 0, {
    version: 2,
    state: "closed",
    outcome: "sold",
    updatedAtMs: nowMs,
  });
  const history = [{ runId: late.runId, lane: 0, entries: [makeEntry(2, { kind: "unexpected" })] }];
  await assert.rejects(batch.commit(owner.writes({ runs: [late], history })), { code: "23514" });
  const again = owner.writer.openBatch();
  assert.deepEqual(await again.loadRuns([late.runId]), []);
  await again.rollback();
  await owner.start(bornAt(7, nowMs));
  assert.deepEqual(await findingsOf(store, false), []);
});

it("leaves out of the projection what was dropped while it waited there", async (t) => {
  const { store, owner, nowMs, old } = await openOldRuns(t);
  const young = bornAt(7, nowMs);
  await owner.start(young);
  await store.dropPeriods(RETENTION_DAYS);
  await store.project([...old.map((run) => ({ ...toRunRow(run), version: 2 })), toRunRow(young)], []);
  assert.deepEqual((await store.listRuns({ limit: 5 })).items, [toRunRow(young)]);
  assert.deepEqual(await findingsOf(store, true), []);
});

it("drops a period once, however many engines try, while batches and reads go on", async (t) => {
  const { harness, store, owner, nowMs, old, period } = await openOldRuns(t);
  const stores = ["b", "c", "d"].map((engineId) => harness.openStoreWith({ engineId }));
  let isOver = false;
  const commits = (async () => {
    let n = 100;
    for (; !isOver; n++) {
      const run = bornAt(n, nowMs);
      await owner.start(run);
      await store.project([toRunRow(run)], []);
      assert.equal(
        (await store.listHistory({ runId: run.runId, afterVersion: 0, limit: 5 })).items.length,
        1,
      );
    }
    return n - 100;
  })();
  let runs = 0;
  for (const deadlineMs = performance.now() + 30_000; runs === 0 && performance.now() < deadlineMs;) {
    const answers = await Promise.all(stores.map((each) => each.dropPeriods(RETENTION_DAYS)));
    runs += answers.flatMap(({ dropped }) => dropped).reduce((sum, each) => sum + each.runs, 0);
  }
  isOver = true;
  const committed = await commits;
  assert.equal(runs, old.length, "dropped once, and told once");
  assert.deepEqual(await tablesOf(harness.sql, period), []);
  const [counts] = await store.countStates();
  assert.equal(counts?.runs, committed);
  assert.deepEqual(await findingsOf(store, true), []);
});

it("keeps all of a period when the drop dies in the middle, and drops it later", async (t) => {
  const { harness, store, old, period } = await openOldRuns(t);
  // Holds the last of the tables, so that the others are dropped, uncommitted, when the session is ended.
  const reader = await harness.sql.reserve();
  await reader.unsafe(`begin; lock table history_${period} in access share mode`);
  const dropping = store.dropPeriods(RETENTION_DAYS);
  const dies = assert.rejects(dropping, { code: "FLOW_STORE_UNAVAILABLE" });
  await waitUntilBlocked(harness.sql, "sluice-upkeep");
  assert.equal(await killSessions(harness.sql, "sluice-upkeep"), 1);
  await dies;
  await reader.unsafe("rollback");
  reader.release();
  assert.deepEqual(await tablesOf(harness.sql, period), ALL_TABLES);
  assert.equal((await store.getRuns(old.map(({ runId }) => runId))).length, old.length);
  assert.deepEqual(await findingsOf(store, true), []);
  assert.equal((await store.dropPeriods(RETENTION_DAYS)).dropped.length, 1);
  assert.deepEqual(await tablesOf(harness.sql, period), []);
});

it("leaves a period for later while somebody reads it, and stops nobody meanwhile", async (t) => {
  const { harness, store, owner, nowMs, period } = await openOldRuns(t);
  const reader = await harness.sql.reserve();
  await reader.unsafe(`begin; lock table runs_${period} in access share mode`);
  const [{ dropped, held }] = await Promise.all([
    store.dropPeriods(RETENTION_DAYS),
    owner.start(bornAt(7, nowMs)),
  ]);
  assert.deepEqual(dropped, []);
  assert.deepEqual(
    held.map(({ openRuns }) => openRuns),
    [0],
  );
  await reader.unsafe("rollback");
  reader.release();
  assert.equal((await store.dropPeriods(RETENTION_DAYS)).dropped.length, 1);
});

it("finds a run that is stored in two periods", async (t) => {
  const { store, owner, nowMs, old } = await openOldRuns(t);
  await owner.start(bornAt(1, nowMs, { state: "closed", outcome: "sold" }));
  const { findings } = await store.audit({ quiet: false });
  assert.ok(findings.some(({ invariant, runId }) => invariant === "I6" && runId === old[0]?.runId));
});

it("finds a row of the projection, and history, of no run", async (t) => {
  const { harness, store, old, period } = await openOldRuns(t);
  await harness.sql.unsafe(`delete from runs_${period} where run_id = '${old[1]?.runId}'`);
  const messages = (await store.audit({ quiet: true })).findings
    .filter(({ runId }) => runId === old[1]?.runId)
    .map(({ message }) => message);
  assert.deepEqual(messages, [
    "there is history of this run, and no run",
    "there is a row of the search projection of this run, and no run",
  ]);
});

it("keeps whole milliseconds as they are on their way out and in again, so that a run is found by its birth", async (t) => {
  const { sql } = await openPostgresHarness(t);
  const [wrong] = await sql<[{ times: number }]>`
    select count(*)::int as times
      from (select timestamptz '2026-01-01 00:00:00.001+00' + n * interval '23456.789 s' as at from generate_series(1, 100000) n) t
     where from_ms(to_ms(at)) <> at`;
  assert.equal(wrong.times, 0);
});
