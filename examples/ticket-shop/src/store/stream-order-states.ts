import type { Sql } from "@sluice/host/postgres";

export interface OrderState {
  readonly orderId: string;
  readonly state: string;
  /** What its run says that it costs. */
  readonly amountMinor: number;
  readonly ticket: "good" | "void" | null;
  readonly isConcertCanceled: boolean;
}

const ROWS_MAX = 1000;

/** All orders with the state of their run, some at a time; all as they were when it began. */
export function streamOrderStates(sql: Sql): AsyncIterable<OrderState[]> {
  return sql<OrderState[]>`
    select order_id as "orderId", state, (runs.data::json ->> 'amountMinor')::int as "amountMinor",
           case when ticket_id is not null then case when voided_at is null then 'good' else 'void' end end as ticket,
           canceled_at is not null as "isConcertCanceled"
      from ticket_shop.orders
      join sluice.runs using (run_id)
      left join ticket_shop.concerts on concerts.concert_id = orders.concert_id
      left join ticket_shop.tickets using (order_id)`.cursor(ROWS_MAX);
}
