/**
 * Fills the tables with runs of the past: copies of one that the engine has stored, with ids of their own that grow with time, spread evenly over the
 * year before today. By statements of the server alone, a table at a time in one transaction that also empties it, so that an embedded
 * server (wal_level minimal) writes no WAL for it; indexes for lists are made afterwards.
 */
import { preparePeriods } from "@sluice/engine/postgres";
import { closePostgres, openPostgres } from "@sluice/host/postgres";
import type { PostgresTarget, Sql } from "@sluice/host/postgres";
import type { BenchFlow } from "../flow/bench-flow.ts";
import { definitionOf } from "../flow/definition-of.ts";

const DAY_MS = 86_400_000;

/** Over so many days before today the runs were started. */
const DAYS = 365;

/** As the engine makes them when nobody says otherwise. */
const LANES = 16;

/** For the indexes, one at a time. */
const INDEX_MEMORY = "256MB";

interface Filling {
  readonly target: PostgresTarget;
  /** Of at least three connections, to the same database. */
  readonly sql: Sql;
  readonly runs: number;
}

/** Empties the tables and stores so many ended runs of a flow of which at least one is stored. */
export function fillStored({ flow, ...filling }: Filling & { readonly flow: BenchFlow }): Promise<void> {
  return fillCopies({ ...filling, flow: definitionOf(flow).name, outcome: "completed", lanes: LANES });
}

/** Which run is copied: one without commands and timers, of which no copies are made. */
interface Copying extends Filling {
  readonly flow: string;
  /** Null: it has not ended. */
  readonly outcome: string | null;
  /** Over which the copies are spread, whatever their ids say: where there is more than one, nobody can move those that have not ended. */
  readonly lanes: number;
}

/** Empties the tables and stores so many runs like one that is stored. */
export async function fillCopies({ target, sql, ...copies }: Copying): Promise<void> {
  const untilMs = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const fromMs = untilMs - DAYS * DAY_MS;
  await keepPattern(sql, { ...copies, fromMs, untilMs });
  await createPeriods(target, fromMs, untilMs);
  // Three tables that share nothing, on three connections.
  await Promise.all([fillRuns(sql), fillHistory(sql), fillSearch(sql)]);
  await sql`drop schema bench_pattern cascade`;
  await settle(sql);
}

interface Pattern extends Omit<Copying, "target" | "sql"> {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** One run with all its rows, and the ids and times of its copies. */
async function keepPattern(
  sql: Sql,
  { flow, outcome, lanes, runs, fromMs, untilMs }: Pattern,
): Promise<void> {
  // Only numbers and names of ours.
  await sql.unsafe(`
    create schema bench_pattern;
    create unlogged table bench_pattern.run as
      select * from sluice.runs where flow = '${flow}' and outcome ${outcome === null ? "is null" : `= '${outcome}'`} limit 1;
    create unlogged table bench_pattern.visits as
      select h.*, h.at - r.created_at as after from sluice.history h join bench_pattern.run r using (run_id);
    -- A UUID of version 7: the time in milliseconds, then what tells the copies of one millisecond apart.
    create unlogged table bench_pattern.copies as
      select n % ${lanes} as lane, to_timestamp(ms / 1000.0) as at,
             (lpad(to_hex(ms), 12, '0') || '7' || lpad(to_hex(n & 4095), 3, '0') || '8' || substr(md5(n::text), 1, 15))::uuid as run_id
        from generate_series(0::bigint, ${runs - 1}) n
        cross join lateral (select (${fromMs} + n * ${untilMs - fromMs} / ${runs})::bigint as ms) made
      offset 0;
    analyze bench_pattern.copies;`);
}

/** As an engine has made them that was there all the time. */
async function createPeriods(target: PostgresTarget, fromMs: number, untilMs: number): Promise<void> {
  const sql = await openPostgres(target, {
    applicationName: "sluice-bench",
    connectionsMax: 1,
    schema: "sluice",
  });
  try {
    await preparePeriods(sql, { fromMs, untilMs }, null);
  } finally {
    await closePostgres(sql);
  }
}

async function fillRuns(sql: Sql): Promise<void> {
  await sql.begin(async (tx) => {
    await tx.unsafe(`
      truncate sluice.runs;
      insert into sluice.runs (run_id, flow, flow_version, key, lane, version, state, business_state, outcome, parked,
                               data, control, created_at, entered_at, updated_at)
      select c.run_id, r.flow, r.flow_version, r.key, c.lane, r.version, r.state, r.business_state, r.outcome, r.parked,
             r.data, r.control, c.at, c.at + (r.entered_at - r.created_at), c.at + (r.updated_at - r.created_at)
        from bench_pattern.copies c cross join bench_pattern.run r`);
  });
}

async function fillHistory(sql: Sql): Promise<void> {
  await sql.begin(async (tx) => {
    await tx.unsafe(`
      truncate sluice.history;
      insert into sluice.history (run_id, created_at, first_version, last_version, lane, at, entries, seen)
      select c.run_id, c.at, v.first_version, v.last_version, c.lane, c.at + v.after,
             replace(replace(v.entries, v.run_id::text, c.run_id::text), ${atMs("v.at")}, ${atMs("c.at + v.after")}), v.seen
        from bench_pattern.copies c cross join bench_pattern.visits v`);
  });
}

/** How the entries of a batch tell its time. */
function atMs(time: string): string {
  return `'"atMs":' || (extract(epoch from ${time}) * 1000)::bigint`;
}

async function fillSearch(sql: Sql): Promise<void> {
  const indexes = await sql<{ name: string; definition: string }[]>`
    select indexname as name, replace(indexdef, ' ON ONLY ', ' ON ') as definition from pg_indexes
     where schemaname = 'sluice' and tablename = 'run_search' and indexname <> 'run_search_pkey'`;
  await sql.begin(async (tx) => {
    await tx.unsafe(`
      set local maintenance_work_mem = '${INDEX_MEMORY}';
      truncate sluice.run_search, sluice.state_counts;
      ${indexes.map(({ name }) => `drop index sluice.${name};`).join("\n")}
      insert into sluice.run_search (run_id, flow, flow_version, key, lane, version, state, business_state, outcome, parked,
                                     created_at, entered_at, updated_at)
      select c.run_id, r.flow, r.flow_version, r.key, c.lane, r.version, r.state, r.business_state, r.outcome, r.parked,
             c.at, c.at + (r.entered_at - r.created_at), c.at + (r.updated_at - r.created_at)
        from bench_pattern.copies c cross join bench_pattern.run r;
      insert into sluice.state_counts (period, lane, flow, flow_version, state, runs, parked)
      select substring(tableoid::regclass::text from '\\d{8}_\\d{8}$'), lane, flow, flow_version, state, count(*), count(parked)
        from sluice.run_search group by tableoid, lane, flow, flow_version, state;
      ${indexes.map(({ definition }) => `${definition};`).join("\n")}`);
  });
}

/**
 * What autovacuum would do while we measure is done before, or, of history, which is only added to, left until afterwards; and a checkpoint, so
 * that none falls into the first window.
 */
async function settle(sql: Sql): Promise<void> {
  for (const name of await partitionsOf(sql, "history"))
    await sql`alter table ${sql(name)} set (autovacuum_enabled = off)`;
  await sql`vacuum (analyze) sluice.runs`;
  await sql`vacuum (analyze) sluice.run_search`;
  await sql`analyze sluice.history`;
  // Where rows come one batch after the other this is done on the way. What is not summarized a takeover reads from end to end.
  await sql`
    select brin_summarize_new_values(index.oid)
      from pg_class index join pg_am method on method.oid = index.relam
     where index.relnamespace = 'sluice'::regnamespace and index.relkind = 'i' and method.amname = 'brin'`;
  await sql`checkpoint`;
}

async function partitionsOf(sql: Sql, table: string): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select 'sluice.' || c.relname as name from pg_inherits join pg_class c on c.oid = inhrelid
     where inhparent = ${`sluice.${table}`}::regclass`;
  return rows.map(({ name }) => name);
}

/** Bytes of the engine's tables with their indexes. */
export async function storedBytes(sql: Sql): Promise<number> {
  const [row] = await sql<{ bytes: number }[]>`
    select coalesce(sum(pg_total_relation_size(c.oid)), 0)::float8 as bytes
      from pg_class c where c.relnamespace = 'sluice'::regnamespace and c.relkind = 'r'`;
  return row?.bytes ?? 0;
}
