import type { Sql, TransactionSql } from "@sluice/host/postgres";

export type Category = "standard" | "premium";

export interface Ticket {
  readonly ticketId: string;
  readonly orderId: string;
  readonly concertId: string;
  readonly seat: number;
  readonly category: Category;
  /** Null: what its order was placed for. */
  readonly amountMinor: number | null;
}

/** The tickets of these orders; an order without one is left out. */
export function listTickets(
  sql: Sql | TransactionSql,
  orderIds: readonly string[],
): Promise<Pick<Ticket, "ticketId" | "orderId" | "seat">[]> {
  return sql<Pick<Ticket, "ticketId" | "orderId" | "seat">[]>`
    select ticket_id as "ticketId", order_id as "orderId", seat
      from ticket_shop.tickets
     where order_id = any(${orderIds}::uuid[])`;
}
