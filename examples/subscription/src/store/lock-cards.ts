import type { TransactionSql } from "@sluice/host/postgres";

export interface LockedCard {
  readonly customerId: string;
  readonly declinesLeft: number;
}

/** Locks cards until the end of the transaction, in the order of their customers. */
export function lockCards(sql: TransactionSql, customerIds: readonly string[]): Promise<LockedCard[]> {
  return sql<LockedCard[]>`
    select customer_id as "customerId", declines_left as "declinesLeft"
      from subscription.cards
     where customer_id = any(${customerIds}::text[])
     order by customer_id
       for no key update`;
}
