/** What Postgres does while a window is open: its processes, its statements, its WAL, and what the writers wait for. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Sql } from "@sluice/host/postgres";
import { readFamily } from "../observe/process-stat.ts";

/** Who of the server's processes works for whom. */
export type BackendGroup = "writers" | "projection and heartbeat" | "in the background";

export interface StatementTime {
  readonly what: StatementKind;
  readonly calls: number;
  readonly planMs: number;
  /** Until the statement was done; what its transaction waits for at its commit comes on top. */
  readonly executeMs: number;
}

export type StatementKind =
  | "the batch's statement"
  | "participants"
  | "projection"
  | "reads of runs"
  | "begin, savepoints, commit"
  | "others";

export interface PostgresWindow {
  readonly cpuSeconds: Readonly<Record<BackendGroup, number>>;
  readonly statements: readonly StatementTime[];
  readonly wal: { readonly writeMs: number; readonly fsyncMs: number; readonly fsyncs: number };
  /** Of the looks at the writers' sessions, how many found them in this. */
  readonly waits: Readonly<Record<string, number>>;
}

const LOOK_EVERY_MS = 10;

/** Begins to look; the answer ends it and tells what was seen. Needs the extension pg_stat_statements, and WAL timing. */
export async function openPostgresWindow(
  sql: Sql,
  postmasterPid: number,
): Promise<() => Promise<PostgresWindow>> {
  await sql`select pg_stat_statements_reset()`;
  const before = await look(sql, postmasterPid);
  const sampler = sampleWaits(sql);
  return async () => {
    const waits = await sampler.stop();
    const after = await look(sql, postmasterPid);
    return {
      cpuSeconds: cpuBetween(before, after),
      statements: await readStatements(sql),
      wal: {
        writeMs: after.wal.writeMs - before.wal.writeMs,
        fsyncMs: after.wal.fsyncMs - before.wal.fsyncMs,
        fsyncs: after.wal.fsyncs - before.wal.fsyncs,
      },
      waits,
    };
  };
}

interface Look {
  readonly cpuByPid: ReadonlyMap<number, number>;
  readonly groupByPid: ReadonlyMap<number, BackendGroup | "ours">;
  readonly wal: PostgresWindow["wal"];
}

async function look(sql: Sql, postmasterPid: number): Promise<Look> {
  const cpuByPid = new Map(readFamily(postmasterPid).map(({ pid, cpuSeconds }) => [pid, cpuSeconds]));
  const sessions = await sql<{ pid: number; name: string }[]>`
    select pid, application_name as name from pg_stat_activity where backend_type = 'client backend'`;
  const [wal] = await sql<[PostgresWindow["wal"]]>`
    select coalesce(sum(write_time), 0)::float8 as "writeMs", coalesce(sum(fsync_time), 0)::float8 as "fsyncMs",
           coalesce(sum(fsyncs), 0)::float8 as fsyncs
      from pg_stat_io where object = 'wal'`;
  return { cpuByPid, groupByPid: new Map(sessions.map(({ pid, name }) => [pid, groupOf(name)])), wal };
}

function groupOf(applicationName: string): BackendGroup | "ours" {
  if (applicationName.startsWith("sluice-writer/")) return "writers";
  return applicationName.startsWith("sluice-bench") ? "ours" : "projection and heartbeat";
}

/** Processes that came or went meanwhile are those of the background: autovacuum, say. */
function cpuBetween(before: Look, after: Look): Record<BackendGroup, number> {
  const seconds = { writers: 0, "projection and heartbeat": 0, "in the background": 0 };
  for (const [pid, cpu] of after.cpuByPid) {
    const group = after.groupByPid.get(pid) ?? before.groupByPid.get(pid) ?? "in the background";
    if (group !== "ours") seconds[group] += cpu - (before.cpuByPid.get(pid) ?? 0);
  }
  return seconds;
}

/** The first that fits. */
const KINDS: readonly (readonly [RegExp, StatementKind])[] = [
  [/\bmoved_lanes\b/, "the batch's statement"],
  [/\bbench\./, "participants"],
  [/\brun_search\b|\blane_projections\b/, "projection"],
  [/^\s*select[^]*\bfrom runs\b/i, "reads of runs"],
  [/^\s*(?:begin|commit|rollback|savepoint|release|set)\b/i, "begin, savepoints, commit"],
];

async function readStatements(sql: Sql): Promise<StatementTime[]> {
  const rows = await sql<{ query: string; calls: number; planMs: number; executeMs: number }[]>`
    select query, calls::float8 as calls, total_plan_time as "planMs", total_exec_time as "executeMs"
      from pg_stat_statements where dbid = (select oid from pg_database where datname = current_database())
       and query !~ 'pg_stat_'`;
  const byKind = Map.groupBy(rows, ({ query }) => KINDS.find(([is]) => is.test(query))?.[1] ?? "others");
  return [...byKind].map(([what, some]) => ({
    what,
    calls: sumOf(some.map(({ calls }) => calls)),
    planMs: sumOf(some.map(({ planMs }) => planMs)),
    executeMs: sumOf(some.map(({ executeMs }) => executeMs)),
  }));
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** What the writers' sessions are in, now and now and now. */
function sampleWaits(sql: Sql): { stop(): Promise<Readonly<Record<string, number>>> } {
  const counts: Record<string, number> = {};
  let isOver = false;
  const sample = async (): Promise<void> => {
    while (!isOver) {
      const rows = await sql<{ what: string }[]>`
        select case when state <> 'active' then 'the engine' when wait_event is null then 'nothing: at work'
                    else wait_event_type || ': ' || wait_event end as what
          from pg_stat_activity where application_name like 'sluice-writer/%'`;
      for (const { what } of rows) counts[what] = (counts[what] ?? 0) + 1;
      await sleep(LOOK_EVERY_MS);
    }
  };
  const sampling = sample();
  sampling.catch(() => {});
  return {
    stop: async () => {
      isOver = true;
      await sampling;
      return counts;
    },
  };
}
