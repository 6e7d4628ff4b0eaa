import type { TransactionSql } from "@sluice/host/postgres";
import type { Ticket } from "./list-tickets.ts";

/** Stores all tickets of a batch at once. */
export async function insertTickets(sql: TransactionSql, tickets: readonly Ticket[]): Promise<void> {
  await sql`
    insert into ticket_shop.tickets (ticket_id, order_id, concert_id, seat, category, amount_minor)
    select * from unnest(
      ${tickets.map(({ ticketId }) => ticketId)}::uuid[],
      ${tickets.map(({ orderId }) => orderId)}::uuid[],
      ${tickets.map(({ concertId }) => concertId)}::text[],
      ${tickets.map(({ seat }) => seat)}::int[],
      ${tickets.map(({ category }) => category)}::text[],
      ${tickets.map(({ amountMinor }) => amountMinor)}::int[])`;
}
