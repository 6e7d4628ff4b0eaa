import type { Fragment, Sql } from "postgres";
import { inboxFull } from "../../core/full.ts";
import type { LaneInput } from "../../core/inputs.ts";
import { INBOX_ROWS_MAX } from "../../core/ports.ts";
import type { InboxRow } from "../../core/ports.ts";
import { lines, plains, texts } from "./columns.ts";

/** The part of a full inbox for which one engine counts once: what others append meanwhile it does not see. */
const PORTION = 10;

/**
 * Where inputs wait whose lane has no owner that can be reached.
 * Rows are counted for a portion of appends at once, and no further than the limit: an append to an inbox that fills up costs no more than one
 * to an empty one.
 */
export class Inbox {
  /** How many rows may be appended to a lane before somebody counts again. */
  readonly #room = new Map<number, number>();

  /** A row that is there already stays as it is: its sender asks again because it did not hear the answer. */
  async append(sql: Sql, rows: readonly InboxRow[], rowsMax = INBOX_ROWS_MAX): Promise<void> {
    for (const [lane, added] of countByLane(rows)) await this.#take(sql, lane, added, rowsMax);
    if (rows.length > 0) await sql`${insertInbox(sql, rows)}`;
  }

  /** @throws FLOW_NO_OWNER (unavailable) */
  async #take(sql: Sql, lane: number, added: number, rowsMax: number): Promise<void> {
    if ((this.#room.get(lane) ?? 0) < added) {
      const free = rowsMax - (await countRows(sql, lane, rowsMax));
      if (free < added) throw inboxFull({ lane }, rowsMax);
      this.#room.set(lane, Math.min(free, Math.max(added, Math.ceil(rowsMax / PORTION))));
    }
    this.#room.set(lane, (this.#room.get(lane) ?? 0) - added);
  }
}

function countByLane(rows: readonly InboxRow[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const { lane } of rows) counts.set(lane, (counts.get(lane) ?? 0) + 1);
  return counts;
}

async function countRows(sql: Sql, lane: number, rowsMax: number): Promise<number> {
  const [{ rows }] = await sql<[{ rows: number }]>`
    select count(*)::integer as rows from (select from inbox where lane = ${lane} limit ${rowsMax}) as counted`;
  return rows;
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
