/**
 * Retention: periods of births that are over are dropped, with all that belongs to their runs.
 * Q3  A period is dropped when it ended `retentionDays` ago, none of its runs is open, and none has changed since then. One run that does
 *     not end keeps its whole period.
 * Q4  That is judged by the search projection, which must know each run of the period. A run that is final there is final for good.
 * Q5  Tables and counters go in one transaction, so that counts are exact and a crash leaves all of a period or nothing.
 */
import { retainedSinceMs } from "../../core/period.ts";
import type { Period } from "../../core/period.ts";
import type { DroppedPeriod, HeldPeriod, Retention } from "../../core/ports.ts";
import { PERIOD_TABLES, listPeriods, periodName } from "./periods.ts";
import type { PostgresSession } from "./session.ts";
import { hasSqlState } from "./sql-state.ts";

/** How long dropping waits for running batches, and they behind it; how often it is tried, and how long the batches have in between. */
const LOCK_MS = 100;
const ATTEMPTS_MAX = 5;
const REST_SECONDS = 0.3;

/** Beyond this many a count only says "many". */
const COUNT_MAX = 100_000;

/** Counting the runs of a period reads its index from end to end: seconds for ten million. */
export const COUNT_MS = 600_000;

export async function dropPeriods(session: PostgresSession, retentionDays: number): Promise<Retention> {
  const { sql } = session;
  const clock = await session.run(
    sql<[{ nowMs: number }]>`select floor(to_ms(clock_timestamp())) as "nowMs"`,
  );
  const sinceMs = retainedSinceMs(clock[0].nowMs, retentionDays);
  const periods = await session.orLost(listPeriods(sql));
  const dropped: DroppedPeriod[] = [];
  const held: HeldPeriod[] = [];
  for (const period of periods.filter(({ untilMs }) => untilMs <= sinceMs)) {
    try {
      const { openRuns, isRecent } = await look(session, period, sinceMs);
      const runs = openRuns > 0 || isRecent ? null : await countProjected(session, period);
      if (runs === null || !(await drop(session, period, sinceMs))) held.push({ ...period, openRuns });
      else if (runs > 0) dropped.push({ ...period, runs });
    } catch (error) {
      // Another engine was faster, and tells of it.
      if (!hasSqlState(error, [TABLE_GONE])) throw error;
    }
  }
  return { sinceMs, dropped, held };
}

interface Look {
  readonly openRuns: number;
  /** Whether a run of the period has changed within the retention. */
  readonly isRecent: boolean;
}

async function look(session: PostgresSession, period: Period, sinceMs: number): Promise<Look> {
  const { sql } = session;
  const rows = sql(`run_search_${periodName(period)}`);
  const [found] = await session.run(sql<[Look]>`
    select (select count(*)::float8 from (select from ${rows} where outcome is null limit ${COUNT_MAX}) o) as "openRuns",
           exists (select from ${rows} where updated_at > from_ms(${sinceMs})) as "isRecent"`);
  return found;
}

/** How many runs lie in a period; null when the projection does not know all of them (Q4). */
async function countProjected(session: PostgresSession, period: Period): Promise<number | null> {
  const { sql } = session;
  const name = periodName(period);
  const [count] = await session.run(
    sql<[{ runs: number; projected: number }]>`
      select (select count(*)::float8 from ${sql(`runs_${name}`)}) as runs,
             (select coalesce(sum(runs), 0)::float8 from state_counts where period = ${name}) as projected`,
    COUNT_MS,
  );
  return count.runs === count.projected ? count.runs : null;
}

/** False when the period has to wait: somebody does not let go of its tables, or it is not over after all. */
async function drop(session: PostgresSession, period: Period, sinceMs: number): Promise<boolean> {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    try {
      await session.run(session.sql.unsafe(dropScript(period, sinceMs)));
      return true;
    } catch (error) {
      if (hasSqlState(error, [CHANGED])) return false;
      if (!hasSqlState(error, LOCKED)) throw error;
      await session.run(session.sql`select pg_sleep(${REST_SECONDS})`);
    }
  }
  return false;
}

/**
 * In one exchange, since from the first lock on everybody waits. The tables are locked in the order in which batches use them. A run that
 * has changed since it was looked at raises: then it is not over.
 */
function dropScript(period: Period, sinceMs: number): string {
  const name = periodName(period);
  const tables = Object.keys(PERIOD_TABLES);
  return `
    set local lock_timeout = ${LOCK_MS};
    do $$
    begin
      lock table ${tables.map((table) => `only ${table}`).join(", ")} in access exclusive mode;
      if exists (select from run_search_${name} where updated_at > from_ms(${sinceMs})) then
        raise exception 'a run has changed' using errcode = '${CHANGED}';
      end if;
      delete from state_counts where period = '${name}';
      drop table ${tables.map((table) => `${table}_${name}`).join(", ")};
    end $$`;
}

const CHANGED = "SL002";
/** A lock that was not to be had, a deadlock avoided. */
const LOCKED = ["55P03", "40P01"];
const TABLE_GONE = "42P01";
