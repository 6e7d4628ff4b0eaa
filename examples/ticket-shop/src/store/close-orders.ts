import type { TransactionSql } from "@sluice/host/postgres";

/** Closes orders. One that is closed already keeps its time. */
export async function closeOrders(sql: TransactionSql, orderIds: readonly string[]): Promise<void> {
  await sql`
    update ticket_shop.orders
       set closed_at = now()
     where order_id = any(${orderIds}::uuid[])
       and closed_at is null`;
}
