import type { Fragment, Sql } from "postgres";
import { inboxFull } from "../../core/full.ts";
import type { LaneInput } from "../../core/inputs.ts";
import { INBOX_ROWS_MAX } from "../../core/ports.ts";
import type { InboxRow, StoredInboxRow } from "../../core/ports.ts";
import { lines, plains, texts } from "./columns.ts";

/** The part of a full inbox for which one engine counts once: what others append meanwhile it does not see. */
const PORTION = 10;

/**
 * Where inputs wait whose lane has no owner that can be reached.
 * Rows are counted for a portion of appends at once, and no further than the limit: an append to an inbox that fills up costs no more than one
 * to an empty one.
 * One engine never appends more than fit. Of several that append at once each may add the rest of its portion, which the others do not see.
 */
export class Inbox {
  readonly #rooms = new Map<number, LaneRoom>();

  /** A row that is there already stays as it is: its sender asks again because it did not hear the answer. @throws FLOW_NO_OWNER (unavailable) */
  async append(sql: Sql, rows: readonly InboxRow[], rowsMax = INBOX_ROWS_MAX): Promise<void> {
    if (rows.length === 0) return;
    const over = Promise.withResolvers<void>();
    try {
      // In order, so that of two appends to several lanes neither waits for the other's end.
      for (const [lane, added] of countByLane(rows))
        await this.#take(sql, { lane, added, rowsMax }, over.promise);
      await sql`${insertInbox(sql, rows)}`;
    } finally {
      for (const { lane } of rows) this.#roomOf(lane).underWay.delete(over.promise);
      over.resolve();
    }
  }

  /** Whoever counts next waits for `over`: it stands among what is under way from the moment the room is taken. */
  async #take(sql: Sql, wanted: WantedRoom, over: Promise<void>): Promise<void> {
    const room = this.#roomOf(wanted.lane);
    while (room.rows < wanted.added) {
      room.counting ??= countRoom(sql, wanted, room).finally(() => (room.counting = null));
      await room.counting;
    }
    room.rows -= wanted.added;
    room.underWay.add(over);
  }

  #roomOf(lane: number): LaneRoom {
    const known = this.#rooms.get(lane);
    if (known !== undefined) return known;
    const room: LaneRoom = { rows: 0, underWay: new Set(), counting: null };
    this.#rooms.set(lane, room);
    return room;
  }
}

interface WantedRoom {
  readonly lane: number;
  readonly added: number;
  readonly rowsMax: number;
}

interface LaneRoom {
  /** How many rows may be appended before somebody counts again. */
  rows: number;
  /** The ends of appends that have taken room: their rows may not be seen yet. */
  readonly underWay: Set<Promise<void>>;
  /** One counts for all who wait. */
  counting: Promise<void> | null;
}

/** @throws FLOW_NO_OWNER (unavailable) */
async function countRoom(sql: Sql, { lane, added, rowsMax }: WantedRoom, room: LaneRoom): Promise<void> {
  await Promise.all(room.underWay);
  const free = rowsMax - (await countRows(sql, lane, rowsMax));
  if (free < added) throw inboxFull({ lane }, rowsMax);
  room.rows = Math.min(free, Math.max(added, Math.ceil(rowsMax / PORTION)));
}

/** How many rows each lane is to get, the lanes in order. */
function countByLane(rows: readonly InboxRow[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const { lane } of rows) counts.set(lane, (counts.get(lane) ?? 0) + 1);
  return new Map([...counts].sort(([a], [b]) => a - b));
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
export async function listInbox(
  sql: Sql,
  lanes: readonly number[],
  limit: number,
  behindArrival = 0,
): Promise<StoredInboxRow[]> {
  const rows = await sql<{ inboxId: string; lane: number; arrival: number; input: string }[]>`
    select i.inbox_id as "inboxId", i.lane, i.arrival::float8 as arrival, i.input
      from unnest(${plains(lanes)}::integer[]) as asked (lane)
     cross join lateral (
             select *
               from inbox
              where inbox.lane = asked.lane
                and inbox.arrival > ${behindArrival}
              order by inbox.arrival
              limit ${limit}) i
     order by i.arrival
     limit ${limit}`;
  return rows.map((row) => ({ ...row, input: JSON.parse(row.input) as LaneInput }));
}
