import type { Sql } from "postgres";
import type { StoredTimer, TimerQuery } from "../../core/ports.ts";
import { plains } from "./columns.ts";
import { clampMs } from "./clamp-ms.ts";

/**
 * The soonest timers of some lanes: the head of each lane's part of the index, or what follows a place in it, then the soonest of these,
 * each with the whereabouts of its run.
 */
export async function listTimers(
  sql: Sql,
  { lanes, dueBeforeMs, after, limit }: TimerQuery,
): Promise<StoredTimer[]> {
  const behind =
    after === undefined
      ? sql``
      : sql`and (timers.due_at, timers.run_id, timers.number)
              > (from_ms(${after.dueAtMs}), ${after.runId}::uuid, ${after.number}::integer)`;
  const rows = await sql<StoredTimer[]>`
    select t.*, coalesce(r.flow, '') as flow, coalesce(r.flow_version, 0) as "flowVersion",
           coalesce(r.state, '') as state
      from (select t.lane, t.run_id as "runId", t.number, to_ms(t.due_at) as "dueAtMs", t.kind, t.due_at
              from unnest(${plains(lanes)}::integer[]) as asked (lane)
             cross join lateral (
                     select * from timers
                      where timers.lane = asked.lane and timers.due_at < from_ms(${clampMs(dueBeforeMs)}) ${behind}
                      order by timers.due_at, timers.run_id, timers.number
                      limit ${limit}) t
             order by t.due_at, t.run_id, t.number
             limit ${limit}) t
      left join runs r on r.run_id = t."runId"
     order by t.due_at, t."runId", t.number`;
  return rows.map(toStoredTimer);
}

function toStoredTimer({
  lane,
  runId,
  number,
  dueAtMs,
  kind,
  flow,
  flowVersion,
  state,
}: StoredTimer): StoredTimer {
  return { lane, runId, number, dueAtMs, kind, flow, flowVersion, state };
}
