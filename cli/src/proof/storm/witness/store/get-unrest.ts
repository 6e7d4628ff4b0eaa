import type { Sql } from "@sluice/host/postgres";

export interface Unrest {
  /** What is still on its way, in words; nothing when the database is at rest. */
  readonly left: readonly string[];
  /** Batches committed so far: two looks with the same number saw the same. */
  readonly batches: number;
  /** Lanes that have an owner. */
  readonly owned: number;
}

/** What still moves, and whether anything has moved. */
export async function getUnrest(sql: Sql): Promise<Unrest> {
  const [row] = await sql<Record<"outbox" | "inbox" | "timers" | "owed" | "batches" | "owned", number>[]>`
    select (select sum(outbox_position - published_position)::float8 from sluice.lanes) as outbox,
           (select count(*)::int from sluice.inbox) as inbox,
           (select count(*)::int from sluice.timers) as timers,
           (select count(*)::int from proof.owed where told is null) as owed,
           (select sum(batch_number)::float8 from sluice.lanes) as batches,
           (select count(*)::int from sluice.lanes where owner_id is not null) as owned`;
  const { batches = 0, owned = 0, outbox = 0, inbox = 0, timers = 0, owed = 0 } = row ?? {};
  const left = Object.entries({ outbox, inbox, timers, owed }).flatMap(([name, count]) =>
    count > 0 ? [`${count} in ${name}`] : [],
  );
  return { left, batches, owned };
}
