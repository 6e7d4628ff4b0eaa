import type { Sql } from "@sluice/host/postgres";

/** Notes that the provider is about to be asked. A repeat changes nothing. */
export async function startPayment(sql: Sql, orderId: string): Promise<void> {
  await sql`
    insert into ticket_shop.payments (order_id)
    values (${orderId})
    on conflict (order_id) do nothing`;
}
