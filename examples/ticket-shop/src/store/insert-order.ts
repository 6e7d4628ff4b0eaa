import type { Sql } from "@sluice/host/postgres";

export interface PlacedOrder {
  readonly orderId: string;
  readonly runId: string;
  readonly concertId: string;
  readonly amountMinor: number;
  readonly currency: string;
}

/** Stores an order. A repeat changes nothing. */
export async function insertOrder(
  sql: Sql,
  { orderId, runId, concertId, amountMinor, currency }: PlacedOrder,
): Promise<void> {
  await sql`
    insert into ticket_shop.orders (order_id, run_id, concert_id, amount_minor, currency)
    values (${orderId}, ${runId}, ${concertId}, ${amountMinor}, ${currency})
    on conflict (order_id) do nothing`;
}
