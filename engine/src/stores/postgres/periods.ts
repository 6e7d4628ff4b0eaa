/**
 * The periods that runs lie in: one partition each of `runs`, `run_search` and `history`, named after the days it spans.
 * Q1  A period has all of its tables or none: they are made in one transaction, and dropped in one.
 * Q2  There is no default partition. What belongs to a period that is gone is refused by Postgres, so a run that was dropped cannot come
 *     back in parts.
 */
import type { Sql } from "postgres";
import { missingPeriods, widthFor } from "../../core/period.ts";
import type { Period } from "../../core/period.ts";
import { runScript } from "./run-script.ts";

/** The tables of a period, and how their pages are kept: rows of the first two change in place, history is only added to. */
export const PERIOD_TABLES: Readonly<Record<"runs" | "run_search" | "history", string>> = {
  runs: "with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05)",
  run_search: "with (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05)",
  history: "",
};

/** The name of a period, the end of its tables' names: `20261001_20270101`. */
export function periodName({ fromMs, untilMs }: Period): string {
  return `${dayName(fromMs)}_${dayName(untilMs)}`;
}

export const PERIOD_NAME_LENGTH = "20261001_20270101".length;

function dayName(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10).replaceAll("-", "");
}

/** All periods, the oldest first. */
export async function listPeriods(sql: Sql): Promise<Period[]> {
  const rows = await sql<Period[]>`
    select to_ms(bounds[1]::timestamp at time zone 'UTC') as "fromMs", to_ms(bounds[2]::timestamp at time zone 'UTC') as "untilMs"
      from pg_inherits
      join pg_class part on part.oid = inhrelid
     cross join regexp_match(part.relname, '^runs_(\\d{8})_(\\d{8})$') as bounds
     where inhparent = 'runs'::regclass and bounds is not null
     order by part.relname`;
  return [...rows];
}

/**
 * Makes what is missing so that runs born in a stretch of time have a place, in periods as an engine with this retention would make them (null: runs
 * are kept for ever), and answers all periods there are then. An engine sees to its own runs; this is also for whoever fills a database with runs of
 * the past. Works in the schema that the session's search path names first; any number may come at once.
 */
export async function preparePeriods(
  sql: Sql,
  stretch: Period,
  retentionDays: number | null,
): Promise<Period[]> {
  const stored = await listPeriods(sql);
  const missing = missingPeriods(stored, stretch, widthFor(retentionDays));
  if (missing.length === 0) return stored;
  for (const period of missing) await runScript(sql, attachScript(period));
  return listPeriods(sql);
}

/** Names are ours, and digits only: nothing in here comes from outside. Attaching stops no writer. */
function attachScript(period: Period): string {
  const name = periodName(period);
  const [from, until] = [period.fromMs, period.untilMs].map((ms) => `'${new Date(ms).toISOString()}'`);
  const tables = Object.entries(PERIOD_TABLES).map(
    ([table, storage]) => `
        create table ${table}_${name} (like ${table} including all) ${storage};
        alter table ${table} attach partition ${table}_${name} for values from (${from}) to (${until});`,
  );
  return `
    do $$
    begin
      if to_regclass('runs_${name}') is null then ${tables.join("")}
      end if;
    end $$`;
}
