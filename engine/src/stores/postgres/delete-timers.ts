import type { Fragment, Sql } from "postgres";
import type { TimerRow } from "../../core/ports.ts";
import { plains } from "./columns.ts";

/** Removes timers that were cleared or have fired, by their whole key. */
export function deleteTimers(sql: Sql, rows: readonly TimerRow[]): Fragment {
  return sql`
    delete from timers
     using unnest(
             ${plains(rows.map(({ lane }) => lane))}::integer[],
             ${plains(rows.map(({ dueAtMs }) => dueAtMs))}::float8[],
             ${plains(rows.map(({ runId }) => runId))}::uuid[],
             ${plains(rows.map(({ number }) => number))}::integer[])
        as given (lane, due_ms, run_id, number)
     where timers.lane = given.lane and timers.due_at = from_ms(given.due_ms)
       and timers.run_id = given.run_id and timers.number = given.number`;
}
