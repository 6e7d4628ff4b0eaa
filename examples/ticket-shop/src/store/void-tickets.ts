import type { TransactionSql } from "@sluice/host/postgres";

/** Voids the tickets of these orders. One that is void already keeps its time. */
export async function voidTickets(sql: TransactionSql, orderIds: readonly string[]): Promise<void> {
  await sql`
    update ticket_shop.tickets
       set voided_at = now()
     where order_id = any(${orderIds}::uuid[])
       and voided_at is null`;
}
