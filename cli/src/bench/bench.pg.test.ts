import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { systemClock } from "@sluice/engine";
import { testDatabase } from "@sluice/host/postgres-testing";
import { openPostgres } from "@sluice/host/postgres";
import type { Sql } from "@sluice/host/postgres";
import { measureCases } from "./bench-run.ts";
import { readSample } from "./ceiling/sample.ts";
import { CEILING_EFFECTS_SCHEMA, CEILING_SCHEMA, createCeilingTables } from "./ceiling/tables.ts";
import { prepareVisits, writeVisit } from "./ceiling/write-visit.ts";
import { renewSchemas, requireEmpty, unshelve } from "./database/bench-database.ts";
import type { BenchDatabase } from "./database/bench-database.ts";
import { openParts } from "./fixtures/open-parts.ts";
import { auditCase, measureCase } from "./measure-case.ts";
import { measureAgainst } from "./peer/against.ts";
import type { BenchCase } from "./plan.ts";
import { fillStored } from "./stored/fill.ts";
import { measureStored } from "./stored/measure-stored.ts";

const CASE: BenchCase = {
  flow: 3,
  participants: "transactional",
  door: "library",
  inFlight: 5,
  arrivalsPerSecond: null,
};

describe("sluice bench engine on Postgres", () => {
  it("measures each kind of participants through each door, and the audit finds every run right", async (t) => {
    const parts = await openParts(t);
    const cases: BenchCase[] = [
      CASE,
      { ...CASE, door: "http" },
      { ...CASE, participants: "local" },
      { ...CASE, flow: "purchase", participants: "http", arrivalsPerSecond: 40 },
    ];
    const found = await measureCases(parts, cases);
    assert.deepEqual(found.findings, []);
    assert.deepEqual(found.skipped, []);
    assert.equal(found.rows.length, cases.length);
    assert.ok(found.auditedRuns > 0);
    for (const row of found.rows) {
      const told = JSON.stringify(row);
      assert.ok(row.runs > 0 && row.p50Ms > 0 && row.p99Ms >= row.p50Ms, told);
      assert.ok((row.ceilingPerSecond ?? 0) > 0 && row.walBytesPerTransition > 100, told);
      assert.ok(row.subjectCpuPer1000 > 0 && row.peakBytes > 20e6, told);
      // Only what is folded has a second ceiling: transactional participants answer within the batch.
      assert.equal(row.singleCeilingPerSecond === null, row.participants !== "transactional", told);
    }
  });

  for (const of of [
    { ...CASE, flow: "purchase" as const },
    { ...CASE, participants: "local" as const },
  ])
    it(`takes for the ceiling of ${of.flow === 3 ? "3 steps" : of.flow}, ${of.participants}, the rows that the engine writes`, async (t) => {
      const parts = await openParts(t);
      const { sql, target } = parts.database;
      await renewSchemas(sql);
      await measureCase({ ...parts, case: of, seconds: 0.1 });
      const sample = await readSample(sql, of.flow, of.participants);
      const { newId } = systemClock();
      const runIds = Array.from({ length: 7 }, newId);
      const bornAtMs = Date.now();
      await createCeilingTables(sql, target, 1);
      const ceiling = await openSchema(t, target);
      for (const [at, visit] of prepareVisits(sample, runIds.length).entries())
        await writeVisit(ceiling, visit, { lane: 0, runIds, bornAtMs, outboxPosition: at * runIds.length });

      const written = await rowsPerRun(sql, CEILING_SCHEMA, CEILING_EFFECTS_SCHEMA);
      assert.deepEqual(written, await rowsPerRun(sql, "sluice", "bench"));
      assert.equal(written.timers, 0);
      assert.ok(written.history > 0 && written.entriesBytes > 0);
    });

  it("stores runs that the engine goes on beside, and that an audit takes for its own", async (t) => {
    const parts = await openParts(t);
    const { sql } = parts.database;
    const found = await measureStored(parts, [3_000, 500], [CASE], 1);
    assert.deepEqual(
      found.rows.map(({ storedRuns }) => storedRuns),
      [500, 3_000],
    );
    await unshelve(sql, 3_000);
    const [stored] = await sql<{ runs: number; search: number; counted: number }[]>`
      select (select count(*)::int from sluice.runs) as runs, (select count(*)::int from sluice.run_search) as search,
             (select sum(runs)::int from sluice.state_counts) as counted`;
    const { runs = 0, search, counted } = stored ?? {};
    assert.ok(runs > 3_000 && runs === search && runs === counted, JSON.stringify(stored));

    await renewSchemas(sql);
    await measureCase({ ...parts, case: CASE, seconds: 0.1 });
    await sql`truncate bench.steps`;
    await fillStored({ target: parts.database.target, sql, flow: CASE.flow, runs: 1_000 });
    await sql`insert into bench.steps select n::text, step from generate_series(1, 1000) n, generate_series(1, 3) step`;
    assert.deepEqual(await auditCase({ ...parts, case: CASE }), { faults: [], runs: 1_000 });
  });

  it("measures a peer case by case beside the engine, and again at equal load", async (t) => {
    const parts = await openParts(t);
    const cases: BenchCase[] = [CASE, { ...CASE, participants: "http" }];
    const found = await measureAgainst(parts, "dbos", cases);
    assert.deepEqual(
      found.rows.map(({ subject, arrivalsPerSecond }) => [
        subject,
        arrivalsPerSecond === null ? "full speed" : "equal load",
      ]),
      [
        ["sluice", "full speed"],
        ["dbos", "full speed"],
        ["sluice", "equal load"],
        ["dbos", "equal load"],
      ],
    );
    assert.ok(found.rows.every(({ runs }) => runs > 0));
    assert.equal(found.skipped.length, 1);
  });

  it("makes nothing in a database that holds something of its name", async (t) => {
    const { sql } = await testDatabase(t, "bench");
    await requireEmpty(sql);
    await sql`create schema sluice`;
    await assert.rejects(requireEmpty(sql), /holds sluice, expected an empty one/);
  });
});

async function openSchema(t: TestContext, target: BenchDatabase["target"]): Promise<Sql> {
  const sql = await openPostgres(target, {
    applicationName: "sluice-bench-test",
    connectionsMax: 1,
    schema: CEILING_SCHEMA,
  });
  t.after(() => sql.end());
  return sql;
}

/** How many rows of each kind a run has on average, and how many bytes its history. */
async function rowsPerRun(sql: Sql, engine: string, effects: string) {
  const [found] = await sql.unsafe<
    Record<"history" | "outbox" | "timers" | "tickets" | "orders" | "steps" | "entriesBytes", number>[]
  >(`
    with ended as (select count(*)::float8 as runs from ${engine}.runs),
    counts as (
      select (select count(*) from ${engine}.history) as history,
             (select count(*) from ${engine}.outbox) as outbox,
             (select count(*) from ${engine}.timers) as timers,
             (select count(*) from ${effects}.tickets) as tickets,
             (select count(*) from ${effects}.closed_orders) as orders,
             (select count(*) from ${effects}.steps) as steps
    )
    select history / runs as history, outbox / runs as outbox, timers / runs as timers, tickets / runs as tickets, orders / runs as orders,
           steps / runs as steps, (select round(avg(length(entries)) / 10) * 10 from ${engine}.history)::float8 as "entriesBytes"
      from ended, counts`);
  assert.ok(found);
  return found;
}
