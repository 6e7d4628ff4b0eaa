import type { TransactionSql } from "@sluice/host/postgres";

/** Notes that concerts, which the transaction has locked, do not take place. The clock is read under the lock, so after every ticket. */
export async function cancelConcerts(sql: TransactionSql, concertIds: readonly string[]): Promise<void> {
  await sql`
    update ticket_shop.concerts
       set canceled_at = clock_timestamp()
     where concert_id = any(${concertIds}::text[])
       and canceled_at is null`;
}
