import type { Sql } from "@sluice/host/postgres";
import type { PlacedOrder } from "./insert-order.ts";

export interface OrderRow extends PlacedOrder {
  readonly placedAt: Date;
  readonly ticketId: string | null;
  readonly seat: number | null;
  readonly voidedAt: Date | null;
}

/** An order with its ticket, or null. */
export async function getOrder(sql: Sql, orderId: string): Promise<OrderRow | null> {
  const rows = await sql<OrderRow[]>`
    select order_id as "orderId", run_id as "runId", orders.concert_id as "concertId", orders.amount_minor as "amountMinor",
           currency, placed_at as "placedAt", ticket_id as "ticketId", seat, voided_at as "voidedAt"
      from ticket_shop.orders
      left join ticket_shop.tickets using (order_id)
     where order_id = ${orderId}`;
  return rows[0] ?? null;
}
