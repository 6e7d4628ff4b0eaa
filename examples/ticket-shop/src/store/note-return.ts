import type { Sql } from "@sluice/host/postgres";

/** Notes which run gives a payment back. A repeat changes nothing. */
export async function noteReturn(sql: Sql, orderId: string, runId: string): Promise<void> {
  await sql`
    update ticket_shop.payments
       set return_run_id = ${runId}
     where order_id = ${orderId}`;
}
