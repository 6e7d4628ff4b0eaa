import type { Sql } from "@sluice/host/postgres";

export interface OrderState {
  readonly orderId: string;
  readonly state: string;
  readonly hasTicket: boolean;
}

const ROWS_MAX = 1000;

/** All orders with the state of their run, some at a time; all as they were when it began. */
export function streamOrderStates(sql: Sql): AsyncIterable<OrderState[]> {
  return sql<OrderState[]>`
    select order_id as "orderId", state, ticket_id is not null as "hasTicket"
      from ticket_shop.orders
      join sluice.runs using (run_id)
      left join ticket_shop.tickets using (order_id)`.cursor(ROWS_MAX);
}
