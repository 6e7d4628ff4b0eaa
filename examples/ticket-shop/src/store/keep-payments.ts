import type { Sql } from "@sluice/host/postgres";

/** Notes that the money of these orders is ours. A repeat changes nothing. */
export async function keepPayments(sql: Sql, orderIds: readonly string[]): Promise<void> {
  await sql`
    update ticket_shop.payments
       set kept_at = now()
     where order_id = any(${orderIds}::uuid[])
       and kept_at is null`;
}
