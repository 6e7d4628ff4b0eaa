import type { TransactionSql } from "@sluice/host/postgres";

/** The concerts for which those of these orders were placed that have no ticket. */
export async function listUnissuedConcerts(
  sql: TransactionSql,
  orderIds: readonly string[],
): Promise<readonly string[]> {
  const rows = await sql<{ concertId: string }[]>`
    select distinct concert_id as "concertId"
      from ticket_shop.orders
     where order_id = any(${orderIds}::uuid[])
       and not exists (select from ticket_shop.tickets where tickets.order_id = orders.order_id)`;
  return rows.map(({ concertId }) => concertId);
}
