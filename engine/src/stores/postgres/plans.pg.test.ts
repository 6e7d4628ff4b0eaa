/** Whatever the store asks, it asks an index: with tens of thousands of runs in a dozen periods no statement reads more than it has to. */
import assert from "node:assert/strict";
import { it } from "node:test";
import type { TestContext } from "node:test";
import type { Sql } from "@sluice/host/postgres";
import { createIds } from "../../runtime/clock.ts";
import { isIn } from "../../core/period.ts";
import type { RunQuery, Store } from "../../core/ports.ts";
import { toRunRow } from "../../core/run-row.ts";
import { makeDeadLetter, makeEntry, makeRun, makeTimer, testRunId, timerRowsOf } from "../../testing/rows.ts";
import { findingsOf } from "../../testing/store-contract/harness.ts";
import { explainSessions, explainedStatements, readServerLog } from "./fixtures/explained.ts";
import type { ExplainedStatement, TableRead } from "./fixtures/explained.ts";
import { openOwner, openPostgresHarness } from "./fixtures/harness.ts";
import type { PostgresHarness } from "./fixtures/harness.ts";
import { INDEX_GUARDS, judgeIndexes, listIndexes } from "./fixtures/index-guards.ts";
import { listPeriods, periodName, preparePeriods } from "./periods.ts";

const RUNS = 60_000;
/** Of one flow, all of them. */
const OPEN_RUNS = RUNS / 200;
const DAY_MS = 86_400_000;
const RETENTION_DAYS = 60;
const OLDEST_DAYS = 90;

/** What grows with the number of stored runs. All else is small: as many rows as there are lanes, open runs, or keys. */
const LARGE = /^(runs|run_search|history)_/;

/** The first and the last period hold as few runs as the day of the test gives them; to read a table of so few rows from end to end is right. */
const FEW_ROWS = RUNS / 100;

/** More than a page of anything, and than the last blocks of history in each period; a third of the runs. */
const ROWS_MAX = 20_000;

/** Read on purpose from end to end, now and then: the key of a period that is about to be dropped, and what the counters are compared with. */
const READS_ALL = [
  /count\(\*\)::float8 from "runs_\d+_\d+"/,
  /count\(parked\)::float8 as parked\s+from run_search/,
];

/** Runs of the last months in periods of weeks; most have ended, one in a hundred waits, few are parked. */
async function fill(sql: Sql, nowMs: number): Promise<void> {
  await preparePeriods(sql, { fromMs: nowMs - OLDEST_DAYS * DAY_MS, untilMs: nowMs }, RETENTION_DAYS);
  await sql.unsafe(`
    create temp table filled on commit drop as
      select n, ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid as run_id,
             date_trunc('milliseconds', from_ms(${nowMs}) - n * interval '${OLDEST_DAYS} days' / ${RUNS}) as at,
             n % 100 = 0 and n < ${RUNS} / 2 as is_open, n % 2000 = 0 and n < ${RUNS} / 2 as is_parked
        from generate_series(1, ${RUNS}) n;
    insert into runs (run_id, flow, flow_version, key, lane, version, state, business_state, outcome, parked, data, control,
                      created_at, entered_at, updated_at)
    select run_id, 'flow-' || n % 4, 1, 'key-' || n, n % 4, 2, case when is_open then 'paying' else 'closed' end,
           case when is_open then 'open' else 'done' end, case when is_open then null when n % 500 = 1 then 'refused' else 'sold' end,
           case when is_parked then 'rule-failed' end, '{}',
           '{"commands":[],"timers":[],"timerCount":0,"startId":null,"startDigest":1}', at, at, at
      from filled;
    insert into run_search (run_id, flow, flow_version, key, lane, version, state, business_state, outcome, parked,
                            created_at, entered_at, updated_at)
    select run_id, flow, flow_version, key, lane, version, state, business_state, outcome, parked, created_at, entered_at, updated_at
      from runs;
    insert into history (run_id, created_at, first_version, last_version, lane, at, entries, seen)
    select run_id, at, v, v, n % 4, at,
           json_build_array(json_strip_nulls(json_build_object(
             'version', v, 'atMs', to_ms(at)::bigint, 'kind', case when v = 1 then 'started' when is_parked then 'parked' else 'event' end,
             'state', case when is_open then 'paying' else 'closed' end,
             'eventId', case v when 2 then 'e' || n end, 'digest', case v when 2 then 1 end)))::text,
           case v when 2 then '["e' || n || '",2,1,"' || case when is_parked then 'parked' else 'applied' end || '"]' end
      from filled cross join generate_series(1, 2) v;
    insert into state_counts (period, lane, flow, flow_version, state, runs, parked)
    select right(tableoid::regclass::text, 17), lane, flow, flow_version, state, count(*), count(parked)
      from run_search group by 1, 2, 3, 4, 5;
    insert into dead_letters (run_id, version, lane, reason, state, input, at)
    select run_id, 2, n % 4, 'rule-failed', 'paying',
           json_build_object('kind', 'timer', 'runId', run_id, 'number', 1)::text, at from filled where is_parked;`);
  await sql.unsafe("vacuum analyze");
}

const LISTS: readonly Omit<RunQuery, "limit">[] = [
  {},
  { flow: "flow-1" },
  { state: "paying" },
  { flow: "flow-2", state: "paying" },
  { businessState: "open" },
  { key: "key-77" },
  { outcome: "refused" },
  { outcome: "sold", flow: "flow-1" },
  { flow: "flow-1", flowVersion: 1, isOpen: true },
  { parked: true },
  { parked: false },
  { parked: true, flow: "flow-0" },
  { parkReason: "rule-failed" },
  { stuckForMs: 30 * DAY_MS },
  { updatedSinceMs: Date.now() - DAY_MS / 10 },
  { flow: "flow-1", updatedSinceMs: Date.now() - DAY_MS, state: "closed" },
];

/** What operators ask jobs for: most of it is done already, and finds nothing. */
const JOBS: readonly Omit<RunQuery, "limit">[] = [
  { flow: "flow-0" },
  { flow: "flow-1" },
  { flow: "flow-0", flowVersionBelow: 1 },
  { flow: "flow-0", flowVersionBelow: 2 },
  { flow: "flow-0", flowVersion: 1, state: "paying" },
  { flow: "flow-1", state: "closed" },
  { businessState: "done" },
  { flowVersion: 2 },
  { parked: false },
  { updatedSinceMs: 0, flow: "flow-2" },
];

async function readAll(store: Store, nowMs: number): Promise<void> {
  for (const filter of LISTS) {
    const page = await store.listRuns({ ...filter, limit: 50 });
    if (page.cursor !== null) await store.listRuns({ ...filter, limit: 50, cursor: page.cursor });
  }
  const ids = [testRunId(5), testRunId(RUNS - 5), testRunId(RUNS + 5)];
  for (const runId of ids) {
    await store.getRun(runId);
    await store.listHistory({ runId, afterVersion: 1, limit: 50 });
  }
  await store.getRuns(ids);
  await store.countStates();
  await store.countStates("flow-1");
  await store.totals();
  await store.listDeadLetters({ limit: 50 });
  await store.listDeadLetters({ flow: "flow-0", reason: "rule-failed", limit: 50 });
  await store.listDeadLetters({ runId: testRunId(2_000), limit: 50 });
  await store.listTimers({ lanes: [0, 1, 2, 3], dueBeforeMs: nowMs, limit: 100 });
  await store.listInbox([0, 1, 2, 3], 100);
  const sinceMs = nowMs - 600_000;
  await store.listWritten([0, 1, 2, 3].map((laneId) => ({ laneId, sinceMs })));
}

/** A few batches as an engine makes them: new runs, with ids of both kinds, and old ones that move on. */
async function writeAll(store: Store, nowMs: number): Promise<void> {
  const newId = createIds(() => nowMs);
  const owner = await openOwner(store);
  const times = { createdAtMs: nowMs, enteredAtMs: nowMs, updatedAtMs: nowMs };
  for (let round = 0; round < 8; round++) {
    const runs = [newId(), testRunId(RUNS + 10 + round)].map((runId, lane) =>
      makeRun({ runId, lane, timers: [makeTimer(1, nowMs + round)], ...times }),
    );
    const reading = owner.writer.openBatch();
    const old = await reading.loadRuns([testRunId(round + 1), testRunId(RUNS - round), testRunId(RUNS + 99)]);
    await reading.loadDeadLetters([testRunId(2_000)]);
    await reading.rollback();
    assert.equal(old.length, 2);
    await owner.start(...runs);
    const moved = [...runs, ...old.map(({ run }) => run)].map((run) => ({
      ...run,
      version: run.version + 1,
    }));
    await owner.commit({
      runs: moved,
      history: moved.map(({ runId, lane, version }) => ({ runId, lane, entries: [makeEntry(version)] })),
      timersCleared: runs.flatMap(timerRowsOf),
      deadLetters: [makeDeadLetter(testRunId(2_000), 10 + round)],
      inboxTaken: [`in-${round}`],
      atMs: nowMs,
    });
    await store.project(moved.map(toRunRow), [{ laneId: 0, epoch: 1, untilMs: nowMs }]);
  }
}

interface Filled {
  /** Tables of few rows. */
  readonly few: ReadonlySet<string>;
  readonly harness: PostgresHarness;
  readonly nowMs: number;
  /** What the store did in `work`, on sessions of its own: all of it, or a share from 0 to 1. */
  explain(work: (store: Store) => Promise<void>, share?: number): Promise<readonly ExplainedStatement[]>;
}

async function openFilled(t: TestContext): Promise<Filled> {
  const harness = await openPostgresHarness(t);
  const { sql } = harness;
  const [{ nowMs }] = await sql<[{ nowMs: number }]>`select floor(to_ms(clock_timestamp())) as "nowMs"`;
  await fill(sql, nowMs);
  const few = await sql<{ name: string }[]>`
    select relname as name from pg_class where relkind = 'r' and reltuples between 0 and ${FEW_ROWS}`;
  return {
    harness,
    nowMs,
    few: new Set(few.map(({ name }) => name)),
    explain: async (work, share = 1) => {
      await explainSessions(sql, share);
      const before = (await readServerLog(sql)).length;
      const store = harness.openStoreWith({ engineId: "explained" });
      await work(store);
      await store.close();
      return explainedStatements((await readServerLog(sql)).slice(before));
    },
  };
}

/** Statements that read a large table from end to end, or more of the large ones together than they have to. */
function tooMuch(statements: readonly ExplainedStatement[], few: Filled["few"]): string[] {
  return statements.flatMap(({ text, reads }) => {
    const large = reads.filter(({ table, rows }) => LARGE.test(table) && rows > 0);
    const isScanned = large.some(({ how, table }) => how === "Seq Scan" && !few.has(table));
    const isRead = isScanned || sumOf(large) > ROWS_MAX;
    if (!isRead || READS_ALL.some((known) => known.test(text))) return [];
    return [describe(large, text)];
  });
}

/** What pages of jobs read beyond the runs that are open. */
async function tooMuchForJobs(explain: Filled["explain"]): Promise<string[]> {
  const statements = await explain(async (store) => {
    for (const filter of JOBS) {
      for (let cursor: string | null = ""; cursor !== null;) {
        const query = { ...filter, isOpen: true, limit: 50, ...(cursor === "" ? {} : { cursor }) };
        ({ cursor } = await store.listRuns(query));
      }
    }
  });
  const lists = statements.filter(({ text }) => text.includes("run_search s"));
  assert.ok(lists.length >= JOBS.length);
  return lists.flatMap(({ text, reads }) => {
    const large = reads.filter(({ table, rows }) => LARGE.test(table) && rows > 0);
    // Versions are looked through one after the other, and so few open runs by whatever index has no others.
    const perVersion = large.reduce((sum, { rows, loops }) => sum + rows / loops, 0);
    return perVersion <= 2 * OPEN_RUNS ? [] : [describe(large, text)];
  });
}

function describe(reads: readonly TableRead[], text: string): string {
  return `${reads.map(({ how, index, table, rows }) => `${how} ${index ?? table}: ${rows}`).join(", ")}: ${text}`;
}

function sumOf(reads: readonly { readonly rows: number }[]): number {
  return reads.reduce((sum, { rows }) => sum + rows, 0);
}

const isEmbedded = process.env["SLUICE_TEST_DATABASE_URL"] === undefined;
const options = {
  skip: isEmbedded ? false : "plans are read from the log of the embedded server",
  timeout: 600_000,
};

it("asks an index, whatever it is asked, however many runs are stored", options, async (t) => {
  const { harness, nowMs, few, explain } = await openFilled(t);

  await t.test("audits page by page", async () => {
    const statements = await explain(async (store) => {
      await store.openDeployment(4);
      assert.equal((await store.audit({ quiet: true })).runs, RUNS);
      assert.deepEqual(await findingsOf(store, true), []);
    }, 0.2);
    assert.ok(statements.length > RUNS / 5_000);
    assert.deepEqual(tooMuch(statements, few), []);
  });

  await t.test("reads, lists, searches, starts and moves runs by indexes", async () => {
    const statements = await explain(async (store) => {
      await writeAll(store, nowMs);
      await readAll(store, nowMs);
    });
    // A log that could not be read would find nothing wrong.
    for (const word of ["run_search s", "written_runs", "from history", "state_counts as c", "as written"])
      assert.ok(
        statements.some(({ text }) => text.includes(word)),
        `no statement with ${word} was explained`,
      );
    assert.deepEqual(tooMuch(statements, few), []);
  });

  await t.test("finds the runs of a job, or that there are none, without reading any other", async () => {
    assert.deepEqual(await tooMuchForJobs(explain), []);
  });

  await t.test("goes into one period for a run whose id tells when it was born", async () => {
    const runId = createIds(() => nowMs)();
    const statements = await explain(async (store) => {
      const owner = await openOwner(store);
      await owner.start(makeRun({ runId, createdAtMs: nowMs, enteredAtMs: nowMs, updatedAtMs: nowMs }));
      const batch = owner.writer.openBatch();
      assert.equal((await batch.loadRuns([runId])).length, 1);
      await batch.rollback();
      assert.equal((await store.getRun(runId))?.runId, runId);
    });
    const now = (await listPeriods(harness.sql)).find((period) => isIn(period, nowMs)) ?? assert.fail();
    const loads = statements.filter(({ text }) => text.includes("id_ms"));
    assert.equal(loads.length, 2);
    for (const { reads } of loads) {
      const entered = reads
        .filter(({ table, loops }) => LARGE.test(table) && loops > 0)
        .map(({ table }) => table);
      assert.ok(
        entered.length > 0 && entered.every((table) => table.endsWith(periodName(now))),
        entered.join(", "),
      );
    }
  });

  await t.test("has each index for a question that reads more without it", async () => {
    const { sql } = harness;
    const names = INDEX_GUARDS.map(({ index }) => index);
    assert.deepEqual(names.toSorted(), await listIndexes(sql));
    const judged = await judgeIndexes(harness, nowMs);
    const wasteful = judged.filter(({ guard, met }) => met > guard.rowsMax);
    assert.deepEqual(
      wasteful.map(({ guard, met }) => `${guard.index}: ${met}`),
      [],
      "more is read than has to be, though the index is there",
    );
    const unmissed = judged.filter(({ guard, metWithout }) => metWithout <= guard.rowsMax);
    assert.deepEqual(
      unmissed.map(({ guard, metWithout }) => `${guard.index}: ${metWithout}`),
      [],
      "no more is read though the index is gone",
    );
  });

  await t.test("would notice an index that is missing", async () => {
    // Of few open runs either index finds all; only without both of them others are read.
    const open = ["run_search_open", "run_search_entered"];
    for (const indexes of [["run_search_key"], open, ["run_search_outcome"], ["history_at"]]) {
      const definitions: string[] = [];
      for (const index of indexes) {
        const [{ definition }] = await harness.sql<[{ definition: string }]>`
          select pg_get_indexdef(${index}::regclass) as definition`;
        definitions.push(definition.replace(" ON ONLY ", " ON "));
        await harness.sql.unsafe(`drop index ${index}`);
      }
      const missed = [
        ...tooMuch(await explain((store) => readAll(store, nowMs)), few),
        ...(await tooMuchForJobs(explain)),
      ];
      assert.notDeepEqual(missed, [], `${indexes.join(" and ")} was not missed`);
      for (const definition of definitions) await harness.sql.unsafe(definition);
    }
  });

  await t.test("drops periods without reading their rows one by one", async () => {
    const before = (await listPeriods(harness.sql)).length;
    const statements = await explain(async (store) => {
      const { dropped } = await store.dropPeriods(RETENTION_DAYS);
      assert.ok(dropped.length >= 3);
    });
    assert.ok((await listPeriods(harness.sql)).length <= before - 3);
    assert.deepEqual(tooMuch(statements, few), []);
  });
});
