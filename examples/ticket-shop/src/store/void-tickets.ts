import type { TransactionSql } from "@sluice/host/postgres";

/**
 * Voids the tickets of these orders. One that is void already keeps its time. Locks them in the order of the orders' ids: a purchase, the return of its
 * payment and the cancellation of its concert void the same tickets in batches of several writers, which wait for each other instead of in a circle.
 */
export async function voidTickets(sql: TransactionSql, orderIds: readonly string[]): Promise<void> {
  await sql`
    update ticket_shop.tickets
       set voided_at = now()
      from (select ticket_id
              from ticket_shop.tickets
             where order_id = any(${orderIds}::uuid[])
             order by order_id
               for no key update) as locked
     where tickets.ticket_id = locked.ticket_id
       and voided_at is null`;
}
