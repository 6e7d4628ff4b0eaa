import type { Sql } from "@sluice/host/postgres";

export interface PaymentSettlement {
  readonly orderId: string;
  readonly chargeId: string;
  readonly outcome: "charged" | "refused" | "closed";
  /** Whether a callback says it; otherwise it is the provider's answer to our own call. */
  readonly isCallback: boolean;
}

/** Notes what the provider says. It never changes its mind, so the first word stays and only the first callback is new. */
export async function settlePayment(
  sql: Sql,
  { orderId, chargeId, outcome, isCallback }: PaymentSettlement,
): Promise<void> {
  await sql`
    update ticket_shop.payments
       set charge_id = coalesce(charge_id, ${chargeId}),
           outcome = coalesce(outcome, ${outcome}),
           called_back_at = case when ${isCallback} then coalesce(called_back_at, now()) else called_back_at end
     where order_id = ${orderId}`;
}
