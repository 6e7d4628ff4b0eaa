/**
 * Tickets. Owns: `tickets`, and `sold` of `concerts`.
 * T1  A concert sells no more seats than it has, and no seat twice.
 * T2  An order has one ticket at most; asked again, it gets the same.
 * T3  However many tickets a batch asks for, it costs one lock and one new row version per concert, and one insert.
 */
import { randomUUID } from "node:crypto";
import type { FlowTypes } from "@sluice/engine/definition";
import type { TransactionSql } from "@sluice/host/postgres";
import type { purchase } from "./purchase.flow.ts";
import { insertTickets } from "./store/insert-tickets.ts";
import { listTickets } from "./store/list-tickets.ts";
import type { Ticket } from "./store/list-tickets.ts";
import { lockConcerts } from "./store/lock-concerts.ts";
import type { LockedConcert } from "./store/lock-concerts.ts";
import { updateSold } from "./store/update-sold.ts";

type IssueTicket = FlowTypes<typeof purchase>["Commands"]["IssueTicket"];
type Answer = FlowTypes<typeof purchase>["Answers"]["IssueTicket"];

/** Issues the tickets of a whole batch in its transaction; one answer per command, in order. */
export async function issueTickets(commands: readonly IssueTicket[], sql: TransactionSql): Promise<Answer[]> {
  const concertIds = [...new Set(commands.map(({ data }) => data.concertId))];
  const orderIds = commands.map(({ data }) => data.orderId);
  // One exchange for both. The tickets are read after the lock is held, so those of a batch just committed are seen.
  const [concerts, issued] = await Promise.all([lockConcerts(sql, concertIds), listTickets(sql, orderIds)]);
  const { answers, tickets, sold } = sellSeats(commands, concerts, issued);
  if (tickets.length > 0) await Promise.all([insertTickets(sql, tickets), updateSold(sql, sold)]);
  return answers;
}

/** Gives each order the next free seat of its concert, first come, first served. */
function sellSeats(
  commands: readonly IssueTicket[],
  concerts: readonly LockedConcert[],
  issued: readonly Ticket[],
) {
  const seats = new Map(concerts.map((concert) => [concert.concertId, concert.seats]));
  const sold = new Map(concerts.map((concert) => [concert.concertId, concert.sold]));
  const byOrder = new Map(issued.map((ticket) => [ticket.orderId, ticket]));
  const tickets: Ticket[] = [];

  const answers = commands.map(({ data: { orderId, concertId } }): Answer => {
    const before = byOrder.get(orderId);
    if (before !== undefined) return ticketIssued(before);
    const count = sold.get(concertId);
    if (count === undefined) return { type: "TicketRefused", data: { reason: "unknown-concert" } };
    if (count >= (seats.get(concertId) ?? 0)) return { type: "TicketRefused", data: { reason: "sold-out" } };
    const ticket = { ticketId: randomUUID(), orderId, concertId, seat: count + 1 };
    sold.set(concertId, ticket.seat);
    byOrder.set(orderId, ticket);
    tickets.push(ticket);
    return ticketIssued(ticket);
  });
  return { answers, tickets, sold };
}

function ticketIssued({ ticketId, seat }: Ticket): Answer {
  return { type: "TicketIssued", data: { ticketId, seat } };
}
