import type { TransactionSql } from "@sluice/host/postgres";

export interface LockedConcert {
  readonly concertId: string;
  readonly seats: number;
  readonly sold: number;
  readonly isCanceled: boolean;
}

/**
 * Locks concerts until the end of the transaction, in the order of their ids, so that two batches that want the same ones
 * wait for each other instead of in a circle.
 */
export function lockConcerts(sql: TransactionSql, concertIds: readonly string[]): Promise<LockedConcert[]> {
  return sql<LockedConcert[]>`
    select concert_id as "concertId", seats, sold, canceled_at is not null as "isCanceled"
      from ticket_shop.concerts
     where concert_id = any(${concertIds}::text[])
     order by concert_id
       for no key update`;
}
