import type { Sql } from "@sluice/host/postgres";
import type { Bill } from "../purchase-shapes.ts";

export interface EndedPayment {
  /** What it was to pay, as its run says. */
  readonly bill: Bill;
  /** The order is closed, and its ticket is good: the money is ours. */
  readonly isEarned: boolean;
}

/** The oldest payments that nobody has judged, although the run of their order has ended. */
export async function listEndedPayments(sql: Sql, limit: number): Promise<EndedPayment[]> {
  const rows = await sql<(Bill & Pick<EndedPayment, "isEarned">)[]>`
    select order_id as "orderId", (runs.data::json ->> 'amountMinor')::int as "amountMinor", currency,
           runs.outcome = 'closed' and exists (
             select from ticket_shop.tickets where tickets.order_id = payments.order_id and voided_at is null) as "isEarned"
      from ticket_shop.payments
      join ticket_shop.orders using (order_id)
      join sluice.runs using (run_id)
     where kept_at is null
       and return_run_id is null
       and runs.outcome is not null
     order by started_at
     limit ${limit}`;
  return rows.map(({ isEarned, ...bill }) => ({ bill, isEarned }));
}
