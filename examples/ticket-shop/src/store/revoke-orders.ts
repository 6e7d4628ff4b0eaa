import type { TransactionSql } from "@sluice/host/postgres";

/** Remembers that these orders get no ticket any more. A repeat changes nothing. In the order of their ids, as tickets are voided. */
export async function revokeOrders(sql: TransactionSql, orderIds: readonly string[]): Promise<void> {
  await sql`
    insert into ticket_shop.revocations (order_id)
    select distinct unnest(${orderIds}::uuid[]) as order_id
     order by order_id
    on conflict (order_id) do nothing`;
}
