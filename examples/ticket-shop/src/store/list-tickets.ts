import type { Sql, TransactionSql } from "@sluice/host/postgres";

export interface Ticket {
  readonly ticketId: string;
  readonly orderId: string;
  readonly concertId: string;
  readonly seat: number;
}

/** The tickets of these orders; an order without one is left out. */
export function listTickets(sql: Sql | TransactionSql, orderIds: readonly string[]): Promise<Ticket[]> {
  return sql<Ticket[]>`
    select ticket_id as "ticketId", order_id as "orderId", concert_id as "concertId", seat
      from ticket_shop.tickets
     where order_id = any(${orderIds}::uuid[])`;
}
