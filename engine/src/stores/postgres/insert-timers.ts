import type { Fragment, Sql } from "postgres";
import type { TimerRow } from "../../core/ports.ts";
import { plains, texts } from "./columns.ts";

export function insertTimers(sql: Sql, rows: readonly TimerRow[]): Fragment {
  return sql`
    insert into timers (lane, due_at, run_id, number, kind)
    select lane, from_ms(due_ms), run_id, number, kind
      from unnest(
             ${plains(rows.map(({ lane }) => lane))}::integer[],
             ${plains(rows.map(({ dueAtMs }) => dueAtMs))}::float8[],
             ${plains(rows.map(({ runId }) => runId))}::uuid[],
             ${plains(rows.map(({ number }) => number))}::integer[],
             ${texts(rows.map(({ kind }) => kind))}::text[])
        as given (lane, due_ms, run_id, number, kind)`;
}
