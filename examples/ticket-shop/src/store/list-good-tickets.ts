import type { TransactionSql } from "@sluice/host/postgres";

export interface PaidTicket {
  readonly orderId: string;
  readonly seat: number;
  readonly amountMinor: number;
  readonly currency: string;
}

/** Tickets of a concert that are not void, in the order of their seats, with what was paid for them. */
export function listGoodTickets(
  sql: TransactionSql,
  concertId: string,
  afterSeat: number,
  limit: number,
): Promise<PaidTicket[]> {
  return sql<PaidTicket[]>`
    select order_id as "orderId", seat, coalesce(tickets.amount_minor, orders.amount_minor) as "amountMinor", currency
      from ticket_shop.tickets
      join ticket_shop.orders using (order_id)
     where tickets.concert_id = ${concertId}
       and seat > ${afterSeat}
       and voided_at is null
     order by seat
     limit ${limit}`;
}
