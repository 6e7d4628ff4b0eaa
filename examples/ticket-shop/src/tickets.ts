/**
 * Tickets. Owns: `tickets`, and `sold` and `canceled_at` of `concerts`.
 * T1  A concert sells no more seats than it has, no seat twice, and none once it is canceled.
 * T2  An order has one ticket at most; asked again, it gets the same.
 * T3  However many tickets a batch asks for, it costs one lock and one new row version per concert, and one insert.
 * T4  A ticket that is void stays void, and its seat is not sold again.
 * T5  An order whose ticket was taken back gets none any more, whichever of the two comes first.
 */
import { randomUUID } from "node:crypto";
import type { FlowTypes } from "@sluice/engine/definition";
import type { TransactionalHandlers } from "@sluice/engine/participant";
import type { TransactionSql } from "@sluice/host/postgres";
import { REFUNDS_MAX } from "./concert-cancellation.flow.ts";
import type { concertCancellation } from "./concert-cancellation.flow.ts";
import type { paymentReturn } from "./payment-return.flow.ts";
import type { purchase1 } from "./purchase-1.flow.ts";
import type { purchase } from "./purchase.flow.ts";
import { cancelConcerts } from "./store/cancel-concerts.ts";
import { insertTickets } from "./store/insert-tickets.ts";
import { listGoodTickets } from "./store/list-good-tickets.ts";
import { listRevoked } from "./store/list-revoked.ts";
import { listTickets } from "./store/list-tickets.ts";
import type { Ticket } from "./store/list-tickets.ts";
import { listUnissuedConcerts } from "./store/list-unissued-concerts.ts";
import { lockConcerts } from "./store/lock-concerts.ts";
import type { LockedConcert } from "./store/lock-concerts.ts";
import { revokeOrders } from "./store/revoke-orders.ts";
import { updateSold } from "./store/update-sold.ts";
import { voidTickets } from "./store/void-tickets.ts";

/** Of either version: a run that began with the first one asks as it did. */
type Purchase = FlowTypes<typeof purchase1 | typeof purchase>;
type Cancellation = FlowTypes<typeof concertCancellation>;
type Return = FlowTypes<typeof paymentReturn>;
type IssueTicket = Purchase["Commands"]["IssueTicket"];
type IssueAnswer = Purchase["Answers"]["IssueTicket"];

/** Issues the tickets of a whole batch in its transaction; one answer per command, in order. */
export async function issueTickets(
  commands: readonly IssueTicket[],
  sql: TransactionSql,
): Promise<IssueAnswer[]> {
  const concertIds = [...new Set(commands.map(({ data }) => data.concertId))];
  const orderIds = commands.map(({ data }) => data.orderId);
  // One exchange for all. What is read after the lock is held includes what a batch has just committed.
  const [concerts, issued, revoked] = await Promise.all([
    lockConcerts(sql, concertIds),
    listTickets(sql, orderIds),
    listRevoked(sql, orderIds),
  ]);
  const { answers, tickets, sold } = sellSeats(
    commands,
    concerts,
    issued,
    new Set(revoked.map(({ orderId }) => orderId)),
  );
  if (tickets.length > 0) await Promise.all([insertTickets(sql, tickets), updateSold(sql, sold)]);
  return answers;
}

/** Gives each order the next free seat of its concert, first come, first served. */
function sellSeats(
  commands: readonly IssueTicket[],
  concerts: readonly LockedConcert[],
  issued: readonly Pick<Ticket, "orderId" | "ticketId" | "seat">[],
  revoked: ReadonlySet<string>,
) {
  const concertsById = new Map(concerts.map((concert) => [concert.concertId, concert]));
  const sold = new Map(concerts.map((concert) => [concert.concertId, concert.sold]));
  const byOrder = new Map(issued.map((ticket) => [ticket.orderId, ticket]));
  const tickets: Ticket[] = [];

  const answers = commands.map(({ data }): IssueAnswer => {
    const { orderId, concertId } = data;
    if (revoked.has(orderId)) return ticketRefused("canceled");
    const before = byOrder.get(orderId);
    if (before !== undefined) return ticketIssued(before);
    const concert = concertsById.get(concertId);
    if (concert === undefined) return ticketRefused("unknown-concert");
    if (concert.isCanceled) return ticketRefused("canceled");
    const seat = (sold.get(concertId) ?? 0) + 1;
    if (seat > concert.seats) return ticketRefused("sold-out");
    const ticket: Ticket = { ticketId: randomUUID(), orderId, concertId, seat, ...priceOf(data) };
    sold.set(concertId, seat);
    byOrder.set(orderId, ticket);
    tickets.push(ticket);
    return ticketIssued(ticket);
  });
  return { answers, tickets, sold };
}

/** Version 1 knows no categories, and all its tickets cost what their order was placed for. */
function priceOf(data: IssueTicket["data"]): Pick<Ticket, "category" | "amountMinor"> {
  return "category" in data
    ? { category: data.category, amountMinor: data.amountMinor }
    : { category: "standard", amountMinor: null };
}

function ticketIssued({ ticketId, seat }: Pick<Ticket, "ticketId" | "seat">): IssueAnswer {
  return { type: "TicketIssued", data: { ticketId, seat } };
}

function ticketRefused(reason: "sold-out" | "unknown-concert" | "canceled"): IssueAnswer {
  return { type: "TicketRefused", data: { reason } };
}

/**
 * Takes tickets back. An order that has none gets none afterwards: what is being issued now is committed before, for both hold the lock of
 * the concert, and what comes later finds the revocation.
 */
export async function takeTicketsBack(
  commands: readonly (Purchase | Return)["Commands"]["VoidTicket"][],
  sql: TransactionSql,
): Promise<Purchase["Answers"]["VoidTicket"][]> {
  const orderIds = commands.map(({ data }) => data.orderId);
  const concertIds = await listUnissuedConcerts(sql, orderIds);
  if (concertIds.length > 0) await lockConcerts(sql, concertIds);
  await Promise.all([revokeOrders(sql, orderIds), voidTickets(sql, orderIds)]);
  return commands.map(() => ({ type: "TicketVoided", data: {} }));
}

// ---------------------------------------------------------------- a concert that does not take place

/** From the commit on no ticket is issued. What is being issued now has its ticket before, for both hold the lock of the concert. */
export async function stopSales(
  commands: readonly Cancellation["Commands"]["StopSales"][],
  sql: TransactionSql,
): Promise<Cancellation["Answers"]["StopSales"][]> {
  const concertIds = commands.map(({ data }) => data.concertId);
  await lockConcerts(sql, concertIds);
  await cancelConcerts(sql, concertIds);
  return commands.map(() => ({ type: "SalesStopped", data: {} }));
}

/** The next tickets of each concert, in the order of their seats, with what was paid for them. */
export async function listTicketsToRefund(
  commands: readonly Cancellation["Commands"]["ListTickets"][],
  sql: TransactionSql,
): Promise<Cancellation["Answers"]["ListTickets"][]> {
  const answers: Cancellation["Answers"]["ListTickets"][] = [];
  for (const { data } of commands) {
    const tickets = await listGoodTickets(sql, data.concertId, data.afterSeat, REFUNDS_MAX);
    const bills = tickets.map(({ orderId, amountMinor, currency }) => ({ orderId, amountMinor, currency }));
    const afterSeat = tickets.at(-1)?.seat;
    answers.push(
      afterSeat === undefined
        ? { type: "NoTicketsLeft", data: {} }
        : { type: "TicketsListed", data: { bills, afterSeat } },
    );
  }
  return answers;
}

export async function voidRefundedTickets(
  commands: readonly Cancellation["Commands"]["VoidTickets"][],
  sql: TransactionSql,
): Promise<Cancellation["Answers"]["VoidTickets"][]> {
  await voidTickets(
    sql,
    commands.flatMap(({ data }) => data.orderIds),
  );
  return commands.map(() => ({ type: "TicketsVoided", data: {} }));
}

/** What the channel `tickets` takes. */
export const ticketHandlers: TransactionalHandlers<Purchase & Cancellation & Return, TransactionSql> = {
  IssueTicket: issueTickets,
  VoidTicket: takeTicketsBack,
  StopSales: stopSales,
  ListTickets: listTicketsToRefund,
  VoidTickets: voidRefundedTickets,
};
