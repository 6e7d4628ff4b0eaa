import assert from "node:assert/strict";
import { it } from "node:test";
import type { Sql } from "@sluice/host/postgres";
import { countRows } from "../../core/audit.ts";
import { fractionOf } from "../../core/digest.ts";
import type { RunRow } from "../../core/ports.ts";
import { toRunRow } from "../../core/run-row.ts";
import { makeRun, makeTimer, testRunId, timerRowsOf } from "../../testing/rows.ts";
import { openOwner, openPostgresHarness } from "./fixtures/harness.ts";
import { listPeriods, periodName } from "./periods.ts";

const DAY_MS = 86_400_000;

it("reads no table from end to end in a batch, though its plans were made when all of them were empty", async (t) => {
  const harness = await openPostgresHarness(t);
  const store = harness.openStoreWith({ engineId: "a" });
  const owner = await openOwner(store);
  await owner.start(makeRun({ runId: testRunId(0) }));
  // Now the server knows for sure how small they are.
  await harness.sql`vacuum analyze`;
  const nowMs = Date.now();
  for (let n = 1; n <= 40; n++) {
    const runs = [0, 1, 2].map((lane) =>
      makeRun({ runId: testRunId(10 * n + lane), lane, timers: [makeTimer(1, nowMs + n)] }),
    );
    const batch = owner.writer.openBatch();
    assert.equal((await batch.loadRuns([testRunId(10 * n - 10)])).length, 1);
    await batch.rollback();
    await owner.start(...runs);
    await owner.commit({
      lanes: [0, 1, 2].map((laneId) => owner.step(laneId)),
      timersCleared: runs.flatMap(timerRowsOf),
      inboxTaken: [`in-${n}`],
    });
  }
  await store.close();
  const tables = await untilCounted(harness.sql, 120);
  assert.deepEqual(
    tables.filter(({ scanned }) => scanned > 0),
    [],
  );
});

/** Statistics of a session arrive some time after it has ended. */
async function untilCounted(
  sql: Sql,
  runs: number,
): Promise<{ name: string; scanned: number; rows: number }[]> {
  for (const deadlineMs = performance.now() + 10_000; performance.now() < deadlineMs;) {
    const tables = await sql<{ name: string; scanned: number; rows: number }[]>`
      select relname as name, seq_tup_read::int as scanned, n_tup_ins::int as rows from pg_stat_user_tables
       where relname ~ '^(runs|history|timers|inbox)'`;
    if (tables.some(({ name, rows }) => name.startsWith("runs") && rows >= runs)) return [...tables];
  }
  throw new Error("no statistics after 10 s");
}

it("keeps runs and lanes free of indexes on what changes at every transition", async (t) => {
  const { sql } = await openPostgresHarness(t);
  const rows = await sql<{ indexed: string }[]>`
    select relation.relname || '.' || attribute.attname as indexed
      from pg_index index
      join pg_class relation on relation.oid = index.indrelid
      join pg_attribute attribute on attribute.attrelid = relation.oid and attribute.attnum = any(index.indkey)
     where relation.relname in ('runs', 'lanes', 'lane_projections')
     order by 1`;
  assert.deepEqual(
    rows.map(({ indexed }) => indexed),
    ["lane_projections.lane_id", "lanes.lane_id", "runs.created_at", "runs.run_id"],
  );
});

it("calls no function for a time that goes in or out", async (t) => {
  const { sql } = await openPostgresHarness(t);
  const rows = await sql<{ "QUERY PLAN": string }[]>`
    explain (verbose) select to_ms(at) from timers, lateral (select from_ms(number) as at) t where due_at < from_ms(number)`;
  const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
  assert.match(plan, /EXTRACT\(epoch/);
  assert.doesNotMatch(plan, /to_ms|from_ms/);
});

it("prepares the days ahead once, however many engines do the upkeep at once", async (t) => {
  const harness = await openPostgresHarness(t);
  const stores = ["a", "b", "c", "d"].map((engineId) => harness.openStoreWith({ engineId }));
  const owner = await openOwner(stores[0] ?? assert.fail());
  const { sql } = harness;
  const days = () => sql<{ name: string }[]>`
    select relname as name from pg_class where relname ~ '^outbox_\\d{8}$' and relkind = 'r' order by relname`;
  const before = await days();
  assert.equal(before.length, 4);
  await sql.unsafe(before.map(({ name }) => `drop table ${name}`).join("; "));
  const commits = Array.from({ length: 20 }, (_, n) => n).reduce(
    (done, n) => done.then(() => owner.start(makeRun({ runId: testRunId(n) }))),
    Promise.resolve(),
  );
  await Promise.all([commits, ...stores.map((store) => store.maintain(null))]);
  assert.deepEqual(await days(), before);
  const [attached] = await sql`
    select count(*)::int as indexes from pg_inherits
      join pg_class parent on parent.oid = inhparent where parent.relname = 'outbox_pkey'`;
  assert.equal(attached?.["indexes"], 4 + 1, "each day has the index of its table");
});

it("puts outbox rows of today into today's partition", async (t) => {
  const harness = await openPostgresHarness(t);
  const store = harness.openStoreWith({ engineId: "a" });
  const owner = await openOwner(store);
  const { nowMs } = await store.heartbeat({ engineId: "a", address: null, leaseMs: 60_000 });
  await owner.commit({
    lanes: [owner.step(0, { outboxPosition: 1 })],
    outbox: [{ lane: 0, position: 1, runId: testRunId(1), commandId: "c", attempt: 1 }],
    atMs: nowMs,
  });
  const day = new Date(nowMs).toISOString().slice(0, 10).replaceAll("-", "");
  const rows = await harness.sql<{ place: string }[]>`select tableoid::regclass::text as place from outbox`;
  assert.deepEqual(
    rows.map(({ place }) => place),
    [`outbox_${day}`],
  );
});

it("drops an old day of the outbox only when all of it is settled", async (t) => {
  const harness = await openPostgresHarness(t);
  const store = harness.openStoreWith({ engineId: "a" });
  const owner = await openOwner(store);
  const { sql } = harness;
  await sql`create table outbox_20200101 partition of outbox for values from ('2020-01-01 00:00+00') to ('2020-01-02 00:00+00')`;
  await sql`create table outbox_20200102 partition of outbox for values from ('2020-01-02 00:00+00') to ('2020-01-03 00:00+00')`;
  const atMs = Date.UTC(2020, 0, 1, 12);
  const row = { lane: 0, runId: testRunId(1), commandId: "c", attempt: 1 };
  await owner.commit({
    lanes: [owner.step(0, { outboxPosition: 1 })],
    outbox: [{ ...row, position: 1 }],
    atMs,
  });
  await owner.commit({
    lanes: [owner.step(0, { outboxPosition: 2, publishedPosition: 1 })],
    outbox: [{ ...row, position: 2 }],
    atMs: atMs + DAY_MS,
  });
  await store.maintain(null);
  const old = await sql<
    { name: string }[]
  >`select relname as name from pg_class where relname ~ '^outbox_2020\\d{4}$'`;
  assert.deepEqual(
    old.map(({ name }) => name),
    ["outbox_20200102"],
  );
  assert.deepEqual((await owner.claim([0]))[0]?.unpublished, [{ ...row, position: 2 }]);
});

it("leaves a day of the outbox alone whose rows the default partition has caught", async (t) => {
  const harness = await openPostgresHarness(t);
  const store = harness.openStoreWith({ engineId: "a" });
  const owner = await openOwner(store);
  const { nowMs } = await store.heartbeat({ engineId: "a", address: null, leaseMs: 60_000 });
  const day = new Date(nowMs).toISOString().slice(0, 10).replaceAll("-", "");
  await harness.sql.unsafe(`drop table outbox_${day}`);
  const row = { lane: 0, position: 1, runId: testRunId(1), commandId: "c", attempt: 1 };
  await owner.commit({ lanes: [owner.step(0, { outboxPosition: 1 })], outbox: [row], atMs: nowMs });
  await store.maintain(null);
  assert.deepEqual((await owner.claim([0]))[0]?.unpublished, [row]);
});

it("counts states exactly while several project the same runs", async (t) => {
  const harness = await openPostgresHarness(t);
  const stores = ["a", "b", "c"].map((engineId) => harness.openStoreWith({ engineId }));
  const [first] = stores;
  assert.ok(first !== undefined);
  await first.openDeployment(4);
  const newest = new Map<string, RunRow>();
  for (let round = 1; round <= 15; round++) {
    const writes = stores.map((store, at) => {
      const rows = Array.from({ length: 40 }, (_, n) => randomRow(`${round}/${at}/${n}`));
      for (const row of rows)
        if ((newest.get(row.runId)?.version ?? 0) < row.version) newest.set(row.runId, row);
      return store.project(rows, [{ laneId: round % 4, epoch: 0, untilMs: Date.now() }]);
    });
    await Promise.all(writes);
  }
  const rows = await harness.sql<
    { runId: string; version: number }[]
  >`select run_id as "runId", version from run_search`;
  for (const { runId, version } of rows) assert.equal(version, newest.get(runId)?.version);
  const keyOf = ({ flow, flowVersion, state }: { flow: string; flowVersion: number; state: string }) =>
    `${flow} ${flowVersion} ${state}`;
  const counted = Object.fromEntries(countRows(newest.values()).map((count) => [keyOf(count), count]));
  const stored = Object.fromEntries((await first.countStates()).map((count) => [keyOf(count), count]));
  assert.deepEqual(stored, counted);
});

/** A row of one of fifty runs at one of three hundred versions. What a run looks like at a version is always the same. */
function randomRow(seed: string): RunRow {
  const n = Math.floor(fractionOf(`${seed}/run`) * 50);
  const version = 1 + Math.floor(fractionOf(`${seed}/version`) * 300);
  const pick = (name: string, count: number) => Math.floor(fractionOf(`${n}/${version}/${name}`) * count);
  return toRunRow(
    makeRun({
      runId: testRunId(n),
      flow: `flow-${n % 2}`,
      flowVersion: 1 + pick("flow version", 2),
      lane: n % 4,
      version,
      state: `state-${pick("state", 3)}`,
      parked: pick("parked", 3) === 0 ? "rule-failed" : null,
    }),
  );
}

it("summarizes what was added to history, but while somebody vacuums it, and no vacuum is in the way for long", async (t) => {
  const harness = await openPostgresHarness(t);
  const store = harness.openStoreWith({ engineId: "a" });
  const { sql } = harness;
  const [period] = await listPeriods(sql);
  assert.ok(period !== undefined);
  const table = `history_${periodName(period)}`;
  await sql.unsafe(`alter table ${table} set (autovacuum_enabled = off)`);
  const [{ index }] = await sql<[{ index: string }]>`
    select inhrelid::regclass::text as index from pg_inherits join pg_index on indexrelid = inhrelid
     where inhparent = 'history_at'::regclass and indrelid = ${table}::regclass`;
  await sql.unsafe(`alter index ${index} set (autosummarize = off)`);
  const add = async (): Promise<void> => {
    await sql`
      insert into history (run_id, created_at, first_version, last_version, lane, at, entries)
      select gen_random_uuid(), from_ms(${period.fromMs}), 1, 1, 0, from_ms(${period.fromMs + 1}), repeat('x', 1000)
        from generate_series(1, 2000)`;
  };
  /** How many ranges nobody has summarized; from then on they are. */
  const unsummarized = async (): Promise<number> => {
    const [row] = await sql<
      [{ ranges: number }]
    >`select brin_summarize_new_values(${index}::regclass) as ranges`;
    return row.ranges;
  };
  await add();
  assert.ok((await unsummarized()) > 5, "nobody does it by itself");
  for (const round of [1, 2, 3]) {
    await add();
    await store.summarize?.();
    // The last range is not full yet.
    assert.ok((await unsummarized()) <= 1, `round ${round}`);
  }
  await add();
  await sql.begin(async (tx) => {
    await tx.unsafe(`lock table ${table} in share update exclusive mode`);
    await store.summarize?.();
  });
  await store.summarize?.();
  assert.ok((await unsummarized()) <= 1, "what was locked is done the next time");
});
