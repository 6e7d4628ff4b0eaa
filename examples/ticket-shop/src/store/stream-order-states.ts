import type { Sql } from "@sluice/host/postgres";

export interface OrderState {
  readonly orderId: string;
  readonly state: string;
  /** What its run says that it costs. */
  readonly amountMinor: number;
  readonly ticket: "good" | "void" | null;
  readonly isConcertCanceled: boolean;
  /**
   * What becomes of its payment since the run has ended: nobody has judged it yet, or it is on its way back (`open`), or back (`returned`).
   * Null before, and where it was never started or is kept.
   */
  readonly payment: "open" | "returned" | null;
}

const ROWS_MAX = 1000;

/** All orders with the state of their run, some at a time; all as they were when it began. */
export function streamOrderStates(sql: Sql): AsyncIterable<OrderState[]> {
  return sql<OrderState[]>`
    select order_id as "orderId", runs.state, (runs.data::json ->> 'amountMinor')::int as "amountMinor",
           case when ticket_id is not null then case when voided_at is null then 'good' else 'void' end end as ticket,
           canceled_at is not null as "isConcertCanceled",
           case when runs.outcome is null or payments.order_id is null or kept_at is not null then null
                when returns.outcome is null then 'open' else 'returned' end as payment
      from ticket_shop.orders
      join sluice.runs using (run_id)
      left join ticket_shop.payments using (order_id)
      left join sluice.runs as returns on returns.run_id = return_run_id
      left join ticket_shop.concerts on concerts.concert_id = orders.concert_id
      left join ticket_shop.tickets using (order_id)`.cursor(ROWS_MAX);
}
