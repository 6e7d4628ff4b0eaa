import type { Sql } from "postgres";
import type { TimerRow } from "../../core/ports.ts";
import { plains } from "./columns.ts";
import { clampMs } from "./clamp-ms.ts";

/** The soonest timers of some lanes: the head of each lane's part of the index, then the soonest of these. */
export async function listTimers(
  sql: Sql,
  { lanes, dueBeforeMs, limit }: { lanes: readonly number[]; dueBeforeMs: number; limit: number },
): Promise<TimerRow[]> {
  const rows = await sql<TimerRow[]>`
    select t.lane, t.run_id as "runId", t.number, to_ms(t.due_at) as "dueAtMs", t.kind
      from unnest(${plains(lanes)}::integer[]) as asked (lane)
     cross join lateral (
             select * from timers
              where timers.lane = asked.lane and timers.due_at < from_ms(${clampMs(dueBeforeMs)})
              order by timers.due_at, timers.run_id, timers.number
              limit ${limit}) t
     order by t.due_at, t.run_id, t.number
     limit ${limit}`;
  return [...rows];
}
