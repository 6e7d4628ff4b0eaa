/**
 * The laws of the shop, judged from the rows of its own tables, of the engine's and of the provider's ledger. They hold at any
 * instant, while a crowd buys and while processes die: what is compared is read in one statement, or in an order in which only
 * what is allowed to be ahead can be ahead.
 */
import type { AppAudit } from "@sluice/cli/app";
import type { Sql } from "@sluice/host/postgres";
import { findMoneyBreaches } from "./money-audit.ts";
import type { MoneyParts } from "./money-audit.ts";
import { TIME_ZONE } from "./nightly-report.flow.ts";
import type { LedgerEntry } from "./provider/ledger.ts";

export interface AuditParts {
  readonly sql: Sql;
  /** All that the provider ever booked. */
  readonly readLedger: () => AsyncIterable<LedgerEntry>;
  /**
   * Whether tickets and orders are committed by services, a moment before their runs hear of it, or together with the transitions of their runs.
   */
  readonly areServicesAhead: boolean;
}

/** Enough to see what is wrong with a shop. */
const BREACHES_MAX = 20;

interface BreachRow {
  readonly breach: string;
}

export function createAudits({ sql, readLedger, areServicesAhead }: AuditParts): readonly AppAudit[] {
  const ticketed = [...(areServicesAhead ? ["paid"] : []), "ticketed", "closed"];
  // Whose run is canceled in this moment has a closed order, and gets the money back all the same.
  const closed = [...(areServicesAhead ? ["ticketed", "compensating", "canceled"] : []), "closed"];
  return [
    ordersHaveRuns(sql),
    ticketsArePaidOrders(sql, ticketed),
    ordersHaveOneTicket(sql),
    seatsAreTickets(sql),
    canceledConcertsSellNothing(sql),
    closedRunsHaveClosedOrders(sql, closed),
    callbacksHaveMovedRuns(sql),
    paymentsOfEndedOrdersAreSettled(sql),
    reportsSayWhatWasSold(sql),
    moneyIsKeptForTickets({ sql, readLedger, ticketed }),
  ];
}

function ordersHaveRuns(sql: Sql): AppAudit {
  return law(
    "every acknowledged order has its run",
    () => sql`
    select format('order %s has no run %s', order_id, run_id) as breach
      from ticket_shop.orders
     where not exists (select from sluice.runs where runs.run_id = orders.run_id)
     limit ${BREACHES_MAX}`,
  );
}

// In the engine's transaction a ticket is committed with the transition that it causes, so there is no instant between the two. A run
// that is canceled on the way takes its ticket back; where it must not, the return of its payment does.
function ticketsArePaidOrders(sql: Sql, ticketed: readonly string[]): AppAudit {
  return law(
    "tickets = paid orders: each order that got past its ticket has one, and no other has a good one",
    () => sql`
    select format('order %s in state %s has %s', coalesce(orders.order_id, tickets.order_id), coalesce(state, 'unknown'),
                  case when ticket_id is null then 'no ticket' else 'ticket ' || ticket_id end) as breach
      from ticket_shop.orders
      join sluice.runs using (run_id)
      full join ticket_shop.tickets using (order_id)
      left join ticket_shop.payments using (order_id)
      left join ticket_shop.revocations using (order_id)
     where case when ticket_id is null then state in ('ticketed', 'closed')
                else voided_at is null and coalesce(state, 'unknown') <> all(${[...ticketed, "compensating"]}::text[])
                 and (runs.outcome is null or payments.started_at is null or kept_at is not null or revoked_at is not null) end
       -- A parked run has its ticket perhaps, and waits for an operator to be told so.
       and parked is null
     limit ${BREACHES_MAX}`,
  );
}

function ordersHaveOneTicket(sql: Sql): AppAudit {
  return law(
    "an order has one ticket at most",
    () => sql`
    select format('order %s has %s tickets', order_id, count(*)) as breach
      from ticket_shop.tickets
     group by order_id
    having count(*) > 1
     limit ${BREACHES_MAX}`,
  );
}

function seatsAreTickets(sql: Sql): AppAudit {
  return law(
    "a concert has sold as many seats as it has tickets, and no more than it has seats",
    () => sql`
    select format('concert %s has sold %s of %s seats and has %s tickets', concert_id, sold, seats, tickets) as breach
      from (select concert_id, sold, seats, (select count(*) from ticket_shop.tickets where tickets.concert_id = concerts.concert_id) as tickets
              from ticket_shop.concerts) as counted
     where sold <> tickets or sold > seats
     limit ${BREACHES_MAX}`,
  );
}

function canceledConcertsSellNothing(sql: Sql): AppAudit {
  return law(
    "a canceled concert sells nothing more, and has no good ticket when its cancellation has ended",
    () => sql`
    select format('ticket %s of concert %s, canceled at %s, was issued at %s and is %s', ticket_id, concert_id, canceled_at, issued_at,
                  case when voided_at is null then 'good' else 'void' end) as breach
      from ticket_shop.concerts
      join ticket_shop.tickets using (concert_id)
      left join sluice.runs on flow = 'concert-cancellation' and key = concert_id
     where issued_at > canceled_at
        or (voided_at is null and outcome = 'refunded')
     limit ${BREACHES_MAX}`,
  );
}

function closedRunsHaveClosedOrders(sql: Sql, closed: readonly string[]): AppAudit {
  return law(
    "every closed run has closed its order",
    () => sql`
    select format('order %s in state %s is %s', order_id, state, case when closed_at is null then 'open' else 'closed' end) as breach
      from ticket_shop.orders
      join sluice.runs using (run_id)
     where case when closed_at is null then state = 'closed' else state <> all(${closed}::text[]) end
       and parked is null
     limit ${BREACHES_MAX}`,
  );
}

// The event is durable before the callback is noted. Longer than a lane may be without an owner, it does not wait in the inbox.
function callbacksHaveMovedRuns(sql: Sql): AppAudit {
  return law(
    "every acknowledged callback has moved its run",
    () => sql`
    select format('order %s is %s although its callback came at %s', order_id, state, called_back_at) as breach
      from ticket_shop.payments
      join ticket_shop.orders using (order_id)
      join sluice.runs using (run_id)
     where called_back_at < now() - interval '60 s'
       and state in ('order-created', 'payment-pending')
       and parked is null
     limit ${BREACHES_MAX}`,
  );
}

// Longer than an engine may be away, no payment waits for somebody to look after it.
function paymentsOfEndedOrdersAreSettled(sql: Sql): AppAudit {
  return law(
    "the payment of an order that has ended is kept for its ticket, or goes back",
    () => sql`
    select format('order %s is %s since %s, and nobody has looked after its payment', order_id, state, entered_at) as breach
      from ticket_shop.payments
      join ticket_shop.orders using (order_id)
      join sluice.runs using (run_id)
     where kept_at is null
       and return_run_id is null
       and runs.outcome is not null
       and entered_at < now() - interval '5 min'
     limit ${BREACHES_MAX}`,
  );
}

// The day is over when its report is written, so nothing is added to it any more.
function reportsSayWhatWasSold(sql: Sql): AppAudit {
  return law(
    "every report says what was sold on its day",
    () => sql`
    select format('concert %s sold %s tickets on %s, and the report says %s', concert_id, counted, day, sold) as breach
      from ticket_shop.reports
      cross join lateral (
        select count(*) as counted
          from ticket_shop.tickets
         where tickets.concert_id = reports.concert_id
           and issued_at >= day::timestamp at time zone ${TIME_ZONE}
           and issued_at < (day + 1)::timestamp at time zone ${TIME_ZONE}) as sales
     where sold <> counted
       and written_at >= (day + 1)::timestamp at time zone ${TIME_ZONE}
     limit ${BREACHES_MAX}`,
  );
}

function moneyIsKeptForTickets(parts: MoneyParts): AppAudit {
  return {
    name: "money: who has a ticket has paid its price, who paid gets a ticket or all of the money back, once",
    check: async () => (await findMoneyBreaches(parts)).slice(0, BREACHES_MAX),
  };
}

function law(name: string, find: () => Promise<BreachRow[]>): AppAudit {
  return {
    name,
    check: async () => (await find()).map(({ breach }) => breach),
  };
}
