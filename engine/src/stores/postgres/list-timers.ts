import type { Sql } from "postgres";
import type { StoredTimer, TimerQuery, TimerRow } from "../../core/ports.ts";
import { plains } from "./columns.ts";
import { clampMs } from "./clamp-ms.ts";
import { findRuns } from "./find-runs.ts";

/** Each with the whereabouts of its run; of a run that is gone nothing is known. */
export async function listTimers(sql: Sql, query: TimerQuery): Promise<StoredTimer[]> {
  const rows = await selectTimers(sql, query);
  const runs = await findWhereabouts(sql, [...new Set(rows.map(({ runId }) => runId))]);
  return rows.map((row) => ({ ...NOWHERE, ...row, ...runs.get(row.runId) }));
}

type Whereabouts = Pick<StoredTimer, "runId" | "flow" | "flowVersion" | "state">;
const NOWHERE = { flow: "", flowVersion: 0, state: "" };

/** Most runs that are looked for at once: for many more of them a table would be read from end to end. */
const RUNS_READ_MAX = 1_000;

async function findWhereabouts(sql: Sql, runIds: readonly string[]): Promise<Map<string, Whereabouts>> {
  const columns = sql`r.run_id as "runId", r.flow, r.flow_version as "flowVersion", r.state`;
  const found = new Map<string, Whereabouts>();
  for (let from = 0; from < runIds.length; from += RUNS_READ_MAX) {
    const portion = runIds.slice(from, from + RUNS_READ_MAX);
    for (const run of await findRuns<Whereabouts>(sql, portion, columns, (select) => select))
      found.set(run.runId, run);
  }
  return found;
}

/** The soonest timers of some lanes: the head of each lane's part of the index, or what follows a place in it, then the soonest of these. */
async function selectTimers(
  sql: Sql,
  { lanes, dueBeforeMs, after, limit }: TimerQuery,
): Promise<readonly TimerRow[]> {
  const behind =
    after === undefined
      ? sql``
      : sql`and (timers.due_at, timers.run_id, timers.number)
              > (from_ms(${after.dueAtMs}), ${after.runId}::uuid, ${after.number}::integer)`;
  return sql<TimerRow[]>`
    select t.lane, t.run_id as "runId", t.number, to_ms(t.due_at) as "dueAtMs", t.kind
      from unnest(${plains(lanes)}::integer[]) as asked (lane)
     cross join lateral (
             select * from timers
              where timers.lane = asked.lane and timers.due_at < from_ms(${clampMs(dueBeforeMs)}) ${behind}
              order by timers.due_at, timers.run_id, timers.number
              limit ${limit}) t
     order by t.due_at, t.run_id, t.number
     limit ${limit}`;
}
