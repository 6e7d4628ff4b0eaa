import type { TransactionSql } from "@sluice/host/postgres";

/** Counts declined charges down, on cards that the transaction has locked. */
export async function updateDeclines(
  sql: TransactionSql,
  declinedByCustomer: ReadonlyMap<string, number>,
): Promise<void> {
  await sql`
    update subscription.cards
       set declines_left = declines_left - declined.times
      from unnest(${[...declinedByCustomer.keys()]}::text[], ${[...declinedByCustomer.values()]}::int[]) as declined (customer_id, times)
     where cards.customer_id = declined.customer_id`;
}
