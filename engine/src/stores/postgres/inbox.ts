import type { Fragment, Sql } from "postgres";
import type { LaneInput } from "../../core/inputs.ts";
import type { InboxRow } from "../../core/ports.ts";
import { lines, plains, texts } from "./columns.ts";

/** A row that is there already stays as it is: its sender asks again because it did not hear the answer. */
export async function appendInbox(sql: Sql, rows: readonly InboxRow[]): Promise<void> {
  if (rows.length > 0) await sql`${insertInbox(sql, rows)}`;
}

export function insertInbox(sql: Sql, rows: readonly InboxRow[]): Fragment {
  return sql`
    insert into inbox (inbox_id, lane, input)
    select inbox_id, lane, input
      from unnest(
             ${texts(rows.map(({ inboxId }) => inboxId))}::text[],
             ${plains(rows.map(({ lane }) => lane))}::integer[],
             string_to_array(${lines(rows.map(({ input }) => JSON.stringify(input)))}, E'\n'))
        as given (inbox_id, lane, input)
    on conflict do nothing`;
}

/** In order of arrival. */
export async function listInbox(sql: Sql, lanes: readonly number[], limit: number): Promise<InboxRow[]> {
  const rows = await sql<{ inboxId: string; lane: number; input: string }[]>`
    select i.inbox_id as "inboxId", i.lane, i.input
      from unnest(${plains(lanes)}::integer[]) as asked (lane)
     cross join lateral (
             select * from inbox where inbox.lane = asked.lane order by inbox.arrival limit ${limit}) i
     order by i.arrival
     limit ${limit}`;
  return rows.map((row) => ({ ...row, input: JSON.parse(row.input) as LaneInput }));
}
