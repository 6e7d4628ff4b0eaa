import type { Fragment, Sql } from "postgres";
import type { OutboxRow } from "../../core/ports.ts";
import { plains, texts } from "./columns.ts";

export function insertOutbox(sql: Sql, rows: readonly OutboxRow[], atMs: number): Fragment {
  return sql`
    insert into outbox (lane, position, run_id, command_id, attempt, at)
    select lane, position, run_id, command_id, attempt, from_ms(${atMs})
      from unnest(
             ${plains(rows.map(({ lane }) => lane))}::integer[],
             ${plains(rows.map(({ position }) => position))}::bigint[],
             ${plains(rows.map(({ runId }) => runId))}::uuid[],
             ${texts(rows.map(({ commandId }) => commandId))}::text[],
             ${plains(rows.map(({ attempt }) => attempt))}::integer[])
        as given (lane, position, run_id, command_id, attempt)`;
}
