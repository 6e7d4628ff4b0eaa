import type { TransactionSql } from "@sluice/host/postgres";

/** Writes how many seats are sold: one row version per concert and batch, however many tickets that are. */
export async function updateSold(
  sql: TransactionSql,
  soldByConcert: ReadonlyMap<string, number>,
): Promise<void> {
  await sql`
    update ticket_shop.concerts
       set sold = changed.sold
      from unnest(${[...soldByConcert.keys()]}::text[], ${[...soldByConcert.values()]}::int[]) as changed (concert_id, sold)
     where concerts.concert_id = changed.concert_id`;
}
